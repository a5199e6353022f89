// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <utility>

#include "harness/boot/host.hpp"

namespace lktest {

/// Looks at a cell again and again while it is judged, as long as what this returns lives.
/// @param pause  from the end of one look to the next
/// @param look   false: there is no more to be seen. It may still be waiting when the cell is over, which is
///               when `cell` expires: it holds what it touches, and looks at `cell` after it has waited.
using Look = std::function<boost::asio::awaitable<bool>(const std::weak_ptr<void>& cell)>;
std::shared_ptr<void> beside(Host& host, std::chrono::milliseconds pause, Look look);

}  // namespace lktest
