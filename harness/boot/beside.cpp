// SPDX-License-Identifier: MIT
#include "harness/boot/beside.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace lktest {
namespace {

namespace asio = boost::asio;

asio::awaitable<void> keep_looking(asio::io_context& io, std::chrono::milliseconds pause, Look look,
                                   std::weak_ptr<void> cell) {
    asio::steady_timer timer(io);
    while (!cell.expired() && co_await look(cell)) {
        timer.expires_after(pause);
        co_await timer.async_wait(asio::use_awaitable);
    }
}

}  // namespace

std::shared_ptr<void> beside(Host& host, std::chrono::milliseconds pause, Look look) {
    const auto cell = std::make_shared<int>();
    asio::co_spawn(host.io, keep_looking(host.io, pause, std::move(look), cell), asio::detached);
    return cell;
}

}  // namespace lktest
