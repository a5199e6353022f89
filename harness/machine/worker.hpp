// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/awaitable.hpp>  // of Boost 1.74 needs <utility> before it
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>
#include <type_traits>
#include <utility>

namespace lktest {
namespace detail {

/// The work as a coroutine. Boost 1.74 default-constructs missing results, hence the optional.
template <typename Work, typename Result = std::invoke_result_t<Work&>>
auto as_job(Work work)
    -> boost::asio::awaitable<std::conditional_t<std::is_void_v<Result>, void, std::optional<Result>>> {
    if constexpr (std::is_void_v<Result>) {
        work();
        co_return;
    } else {
        co_return work();
    }
}

}  // namespace detail

/// Runs blocking work on a thread of the pool while the io_context continues. The result or exception returns
/// to the caller on its executor. The pool is joined before the io_context is destroyed.
template <typename Work>
boost::asio::awaitable<std::invoke_result_t<Work&>> on_worker(boost::asio::thread_pool& pool, Work work) {
    auto job = detail::as_job(std::move(work));
    if constexpr (std::is_void_v<std::invoke_result_t<Work&>>) {
        co_await boost::asio::co_spawn(pool, std::move(job), boost::asio::use_awaitable);
    } else {
        auto result = co_await boost::asio::co_spawn(pool, std::move(job), boost::asio::use_awaitable);
        co_return std::move(*result);
    }
}

}  // namespace lktest
