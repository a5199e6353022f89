// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace lktest {

/// Wakes one waiting coroutine at its deadline or on a ring. A ring without a waiter is kept for the next
/// wait.
class Bell {
public:
    explicit Bell(boost::asio::io_context& io) : timer_(io) {}

    void ring() {
        rung_ = true;
        timer_.cancel();
    }

    boost::asio::awaitable<void> wait_until(std::chrono::steady_clock::time_point deadline) {
        if (!std::exchange(rung_, false)) {
            boost::system::error_code cancelled;
            timer_.expires_at(deadline);
            co_await timer_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, cancelled));
            rung_ = false;
        }
    }

private:
    boost::asio::steady_timer timer_;
    bool rung_ = false;
};

}  // namespace lktest
