// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/diagnose/address_space.hpp"
#include "harness/diagnose/btf.hpp"

namespace lktest {

/// An Ethernet device, from the kernel's memory.
struct NetworkCard {
    std::string name;    ///< "eth0"
    std::string mac;     ///< "52:54:00:6c:6b:01"
    std::string driver;  ///< "virtio_net"; empty if it has none, or if it is unknown
    bool up = false;
};

/// The devices in a task's network namespace.
/// @param task  the address of its task_struct
/// @return unset if their list cannot be read
std::optional<std::vector<NetworkCard>> read_network_cards(const AddressSpace& space,
                                                           const KernelTypes& types, std::uint64_t task);

}  // namespace lktest
