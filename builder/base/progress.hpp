// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

namespace lktest {

/// Progress of a long step. `total` is 0 if unknown.
/// @param step  "packages", "squashfs", "iso": the same words until the step ends
using Progress = std::function<void(std::string_view step, std::uint64_t done, std::uint64_t total)>;

/// Receives the decisions that --verbose shows, one line each: "tcg: the KVM probe printed nothing within 2
/// s".
using Why = std::function<void(std::string_view)>;

}  // namespace lktest
