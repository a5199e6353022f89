// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/diagnose/address_space.hpp"
#include "harness/diagnose/btf.hpp"

namespace lktest {

/// An Ethernet device of a kernel, as its memory has it.
struct NetworkCard {
    std::string name;    ///< "eth0"
    std::string mac;     ///< "52:54:00:6c:6b:01"
    std::string driver;  ///< "virtio_net"; empty: it has none, or it is not known
    bool up = false;
};

/// Those that a task sees: of its network namespace.
/// @param task  the address of its task_struct
/// Nothing when their list cannot be read.
std::optional<std::vector<NetworkCard>> read_network_cards(const AddressSpace& space,
                                                           const KernelTypes& types, std::uint64_t task);

}  // namespace lktest
