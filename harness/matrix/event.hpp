// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

namespace lktest {

/// The observer of an event.
///   screen      a terminal's rows on the serial line
///   kernel_log  the kernel's log in the guest's memory
///   display     the text screen of a PC, as its video memory has it
///   tty1        the kernel's virtual terminal in the guest's memory, whether a display shows it or not
enum class Source { harness, serial, screen, virtio, libvirt, network, kernel_log, display, tty1 };
std::string_view name(Source source);

/// Something that happened to a cell while it ran.
struct Event {
    enum class Kind {
        started,    ///< text: how (accelerator, firmware image)
        milestone,  ///< name: the milestone; text: the line that showed it
        failure,    ///< name: the failure's name; text: the line
        warning,    ///< like failure, but the cell continues
        reset,      ///< the guest reset itself; text: libvirt's or QEMU's reason
        lifecycle,  ///< a libvirt event; text: what and why
        network,    ///< name: lease, ping, fetched-from-guest, fetched-from-host; text: details
        poked,      ///< Enter was pressed on the console; text: the answer
        step,       ///< a step of the scenario starts; name: the step; text: its place
        attempt,    ///< the cell is booted again; name: "attempt 2 of 3"
        note,       ///< name: its subject; text: a sentence for the cell's report
        finished,   ///< name: the outcome; text: the verdict's reason
    };
    std::chrono::microseconds at{};  ///< since power-on
    Kind kind = Kind::lifecycle;
    Source source = Source::harness;
    std::string name;
    std::string text;
};
std::string_view name(Event::Kind kind);

/// Receives the events of one cell in order.
using EventSink = std::function<void(const Event&)>;

}  // namespace lktest
