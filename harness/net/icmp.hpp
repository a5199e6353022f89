// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

namespace lktest {

/// Identifies an echo request (RFC 792).
struct Echo {
    std::uint16_t identifier = 0, sequence = 0;
    auto operator<=>(const Echo&) const = default;
};

/// An ICMP echo request without data.
std::array<std::uint8_t, 8> echo_request(Echo echo);

/// The echo that an IPv4 packet answers, header included, as a raw socket delivers it. Unset if it is
/// anything else, or malformed.
std::optional<Echo> echo_reply(std::span<const std::uint8_t> packet);

}  // namespace lktest
