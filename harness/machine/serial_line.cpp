// SPDX-License-Identifier: MIT
#include "harness/machine/serial_line.hpp"

#include <fmt/format.h>

#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <utility>

#include "builder/base/error.hpp"

namespace lktest {
namespace asio = boost::asio;

/// What the coroutines share with the owner: they may wake once more after it is gone.
struct SerialLine::Line {
    asio::local::stream_protocol::socket socket;
    OnBytes on_bytes;  ///< empty once the owner is gone

    static asio::awaitable<void> pump(std::shared_ptr<Line> line) {
        std::array<char, 16384> chunk{};
        boost::system::error_code error;
        while (!error) {
            const std::size_t size = co_await line->socket.async_read_some(
                asio::buffer(chunk), asio::redirect_error(asio::use_awaitable, error));
            if (size > 0 && line->on_bytes)
                line->on_bytes({chunk.data(), size});
        }
        if (line->on_bytes)
            line->on_bytes({});
    }

    static asio::awaitable<void> type(std::shared_ptr<Line> line, std::string bytes) {
        boost::system::error_code ignored;
        co_await asio::async_write(line->socket, asio::buffer(bytes),
                                   asio::redirect_error(asio::use_awaitable, ignored));
    }
};

SerialLine::SerialLine(asio::io_context& io, const std::filesystem::path& socket, OnBytes on_bytes)
    : line_(std::make_shared<Line>(Line{asio::local::stream_protocol::socket(io), std::move(on_bytes)})) {
    boost::system::error_code error;
    line_->socket.connect(asio::local::stream_protocol::endpoint(socket.string()), error);
    if (error)
        throw host_error(
            fmt::format("cannot connect to the guest's console {}: {}", socket.string(), error.message()));
    asio::co_spawn(io, Line::pump(line_), asio::detached);
}

SerialLine::~SerialLine() {
    line_->on_bytes = nullptr;
    boost::system::error_code ignored;
    line_->socket.close(ignored);
}

void SerialLine::send(std::string bytes) {
    asio::co_spawn(line_->socket.get_executor(), Line::type(line_, std::move(bytes)), asio::detached);
}

}  // namespace lktest
