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

/// The host's end of a guest's serial or virtio-serial port: pipes to QEMU, or libvirt's stream. It reads as
/// long as it lives, because a guest stops when its port is not drained.
class SerialLine {
public:
    /// Receives the guest's output; an empty text means that the line was closed. Called on the io_context.
    using OnBytes = std::function<void(std::string_view bytes)>;

    /// Starts reading. Call it while the guest is paused, when its ends are open.
    SerialLine(boost::asio::io_context& io, ConsolePipe pipe, OnBytes on_bytes);
    /// @param stream  non-blocking; its connection's EventLoop must run on the caller's thread
    SerialLine(Handle<virStream, virStreamFree> stream, OnBytes on_bytes);
    SerialLine(const SerialLine&) = delete;
    SerialLine& operator=(const SerialLine&) = delete;
    /// Closes the line; on_bytes is not called any more.
    ~SerialLine();

    /// Sends input to the guest. Input that the guest has not read when the line closes is lost.
    void send(std::string bytes);

    class Line;

private:
    std::shared_ptr<Line> line_;
};

}  // namespace lktest
