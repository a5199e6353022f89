// SPDX-License-Identifier: MIT
#pragma once

#include <libvirt/libvirt.h>

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "harness/machine/console_pipe.hpp"

namespace lktest {

/// The host's end of a guest's serial port or virtio-serial port: pipes to QEMU, or libvirt's stream to it.
/// It is read as long as it lives, for a guest stands still when nobody drains its port.
class SerialLine {
public:
    /// Takes what the guest said; an empty text when the line was closed. Called on the io_context.
    using OnBytes = std::function<void(std::string_view bytes)>;

    /// Reads from now on. Begin while the guest is paused, which has its ends open then.
    SerialLine(boost::asio::io_context& io, ConsolePipe pipe, OnBytes on_bytes);
    /// @param stream  one that never blocks, whose connection has its EventLoop on the caller's thread
    SerialLine(Handle<virStream, virStreamFree> stream, OnBytes on_bytes);
    SerialLine(const SerialLine&) = delete;
    SerialLine& operator=(const SerialLine&) = delete;
    /// Closes the line; on_bytes is not called any more.
    ~SerialLine();

    /// Types to the guest. What the guest does not take before the line closes is lost.
    void send(std::string bytes);

    class Line;

private:
    std::shared_ptr<Line> line_;
};

}  // namespace lktest
