// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/address_v4.hpp>
#include <chrono>
#include <optional>
#include <stop_token>

#include "builder/base/deadline.hpp"
#include "harness/net/netns.hpp"

namespace lktest {

/// Pings from inside the namespace, again every half second, until an answer
/// comes. The round trip; nothing when the deadline passes first.
/// @param stop  ends the wait early, when asked on the io_context's thread
/// Throws a host Error when no raw socket can be had (CAP_NET_RAW).
boost::asio::awaitable<std::optional<std::chrono::microseconds>> ping(const Netns& netns,
                                                                      boost::asio::ip::address_v4 host,
                                                                      Deadline deadline,
                                                                      std::stop_token stop = {});

}  // namespace lktest
