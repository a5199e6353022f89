// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

namespace lktest {

/// The resources of this machine that guests can use.
struct MachineSize {
    unsigned cores = 1;                  ///< available to this process
    std::uint64_t memory_available = 0;  ///< bytes, without swapping, within the cgroup's limit
};
MachineSize machine_size();

/// MemAvailable of /proc/meminfo (proc(5)), in bytes; 0 if it is missing.
std::uint64_t memory_available(std::string_view meminfo);

}  // namespace lktest
