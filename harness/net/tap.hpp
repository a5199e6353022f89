// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "harness/net/netns.hpp"

namespace lktest {

// Every cell has a separate namespace, so all cells use the same names and addresses.
inline constexpr const char* tap_name = "tap0";
inline constexpr const char* host_address = "192.168.2.1";
inline constexpr const char* guest_address = "192.168.2.10";   ///< the only address that DHCP hands out
inline constexpr const char* guest_mac = "52:54:00:6c:6b:01";  ///< QEMU's prefix, "lk", 1
inline constexpr const char* host_address6 = "fd00:2::1";      ///< in fd00:2::/64, by router advertisement

struct Tap {
    bool ipv6 = false;  ///< host_address6 is set; false if the kernel has no IPv6
};

/// Creates the persistent device tap_name in the namespace, up, with host_address/24 (and host_address6/64).
/// It lives as long as the namespace. Throws a host Error if /dev/net/tun is missing or not accessible.
Tap make_tap(const Netns& netns);

/// The traffic over it, in packets.
struct TapTraffic {
    std::uint64_t from_guest = 0, to_guest = 0;
};

/// Reads /proc/net/dev (proc(5)). Zero if the device does not exist.
TapTraffic tap_traffic(const Netns& netns);

}  // namespace lktest
