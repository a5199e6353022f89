// SPDX-License-Identifier: MIT
#pragma once

#include <libvirt/libvirt.h>

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "builder/base/handle.hpp"

namespace lktest {

/// The host's end of a guest's serial port or virtio-serial port: a unix socket that QEMU listens on, or
/// libvirt's stream to it. It is read as long as it lives, for QEMU stands still when nobody drains its
/// socket.
class SerialLine {
public:
    /// Takes what the guest said; an empty text when the line was closed. Called on the io_context.
    using OnBytes = std::function<void(std::string_view bytes)>;

    /// Connects, and reads from now on. Connect while the guest is paused, and no byte is lost.
    /// Throws a host Error when nobody listens.
    SerialLine(boost::asio::io_context& io, const std::filesystem::path& socket, OnBytes on_bytes);
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
