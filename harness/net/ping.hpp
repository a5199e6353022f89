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

/// Pings from inside the namespace every half second until an answer arrives. Returns the round-trip time;
/// unset if the deadline passes first.
/// @param stop  ends the wait early, called on the io_context's thread
/// Throws a host Error if a raw socket cannot be opened (CAP_NET_RAW).
boost::asio::awaitable<std::optional<std::chrono::microseconds>> ping(const Netns& netns,
                                                                      boost::asio::ip::address_v4 host,
                                                                      Deadline deadline,
                                                                      std::stop_token stop = {});

}  // namespace lktest
