// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace lktest {

/// The host's end of a guest's serial port or virtio-serial port: a unix socket that QEMU listens on.
/// It is read as long as it lives, for QEMU stands still when nobody drains its socket.
class SerialLine {
public:
    /// Takes what the guest said; an empty text when the line was closed. Called on the io_context.
    using OnBytes = std::function<void(std::string_view bytes)>;

    /// Connects, and reads from now on. Connect while the guest is paused, and no byte is lost.
    /// Throws a host Error when nobody listens.
    SerialLine(boost::asio::io_context& io, const std::filesystem::path& socket, OnBytes on_bytes);
    SerialLine(const SerialLine&) = delete;
    SerialLine& operator=(const SerialLine&) = delete;
    /// Closes the line; on_bytes is not called any more.
    ~SerialLine();

    /// Types to the guest. What the guest does not take before the line closes is lost.
    void send(std::string bytes);

private:
    struct Line;
    std::shared_ptr<Line> line_;
};

}  // namespace lktest
