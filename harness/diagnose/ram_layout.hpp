// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace lktest {

/// A piece of the guest's RAM: its address in the guest, and its offset in the memory file.
struct RamRange {
    std::uint64_t address = 0, size = 0, offset = 0;
    bool operator==(const RamRange&) const = default;
};

/// Parses the answer of QEMU's monitor to "info mtree -f": the largest memory in the flat view of
/// the address space "memory" is the RAM. Empty if there is none.
std::vector<RamRange> ram_layout(std::string_view mtree);

}  // namespace lktest
