// SPDX-License-Identifier: MIT
#include "harness/net/ping.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/icmp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <map>
#include <memory>

#include "builder/base/error.hpp"
#include "harness/net/icmp.hpp"

namespace lktest {
namespace asio = boost::asio;
using asio::ip::icmp;
using boost::system::error_code;
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto interval = std::chrono::milliseconds(500);
constexpr std::uint16_t identifier = 0x6c6b;  // no other program pings in a cell's namespace

struct Pinger {
    explicit Pinger(const asio::any_io_executor& executor) : socket(executor), bell(executor) {}

    icmp::socket socket;
    asio::steady_timer bell;  ///< rung by listen() on an answer
    std::map<std::uint16_t, Clock::time_point> sent;
    std::optional<std::chrono::microseconds> round_trip;

    /// Shares ownership of the Pinger, because it may wake once more after ping() has its answer.
    static asio::awaitable<void> listen(std::shared_ptr<Pinger> pinger, icmp::endpoint from) {
        std::array<std::uint8_t, 2048> packet{};
        error_code error;
        while (!error && !pinger->round_trip) {
            icmp::endpoint sender;
            const auto buffer = asio::buffer(packet);
            const std::size_t size = co_await pinger->socket.async_receive_from(
                buffer, sender, asio::redirect_error(asio::use_awaitable, error));
            const auto echo = error ? std::nullopt : echo_reply(std::span(packet).first(size));
            if (!echo || echo->identifier != identifier || sender.address() != from.address())
                continue;
            if (const auto sent = pinger->sent.find(echo->sequence); sent != pinger->sent.end())
                pinger->round_trip =
                    std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - sent->second);
        }
        pinger->bell.cancel();
    }
};

}  // namespace

asio::awaitable<std::optional<std::chrono::microseconds>> ping(const Netns& netns, asio::ip::address_v4 host,
                                                               Deadline deadline, std::stop_token stop) {
    const auto executor = co_await asio::this_coro::executor;
    const auto pinger = std::make_shared<Pinger>(executor);
    error_code error;
    netns.run([&] { return pinger->socket.open(icmp::v4(), error); });
    if (error)
        throw system_error("cannot open a raw socket for ping", error.value(),
                           "run lktest as root (it needs CAP_NET_RAW)");
    const std::stop_callback on_stop(stop, [&pinger] { pinger->bell.cancel(); });
    const icmp::endpoint guest(host, 0);
    auto listening = Pinger::listen(pinger, guest);
    asio::co_spawn(executor, std::move(listening), asio::detached);
    for (std::uint16_t sequence = 1; !pinger->round_trip && !passed(deadline) && !stop.stop_requested();
         ++sequence) {
        pinger->sent[sequence] = Clock::now();
        const auto request = echo_request({identifier, sequence});
        // Fails if the guest is not up yet (EHOSTUNREACH); the next round tries again.
        pinger->socket.send_to(asio::buffer(request), guest, 0, error);
        pinger->bell.expires_at(std::min(deadline, Clock::now() + interval));
        co_await pinger->bell.async_wait(asio::redirect_error(asio::use_awaitable, error));
    }
    pinger->socket.close();
    co_return pinger->round_trip;
}

}  // namespace lktest
