// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

namespace lktest {

/// What this machine has for guests.
struct MachineSize {
    unsigned cores = 1;                  ///< that this process may run on
    std::uint64_t memory_available = 0;  ///< bytes, without swapping; a cgroup's limit counts
};
MachineSize machine_size();

/// MemAvailable of /proc/meminfo (proc(5)), in bytes; 0 when it is not told.
std::uint64_t memory_available(std::string_view meminfo);

}  // namespace lktest
