// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <utility>

#include "harness/boot/host.hpp"

namespace lktest {

/// Looks at a cell repeatedly while it is judged, as long as the returned object lives.
/// @param pause  from the end of one look to the next
/// @param look   returns false if there is nothing more to see. It may still be waiting when the cell ends
/// and
///               `cell` expires, so it owns what it touches and checks `cell` after each wait.
using Look = std::function<boost::asio::awaitable<bool>(const std::weak_ptr<void>& cell)>;
std::shared_ptr<void> beside(Host& host, std::chrono::milliseconds pause, Look look);

}  // namespace lktest
