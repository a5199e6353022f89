// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "builder/base/platform.hpp"
#include "harness/diagnose/guest_memory.hpp"

namespace lktest {

/// A translation of one half of the virtual addresses, the kernel's or a program's.
struct PageTables {
    Arch arch = Arch::x86_64;
    std::uint64_t root = 0;      ///< physical address of the top table
    unsigned address_bits = 48;  ///< x86_64: 48 or 57 (SDM vol. 3A §4.5); aarch64: 64 - TCR_EL1.T1SZ
    unsigned page_shift = 12;    ///< aarch64: 12, 14 or 16, the granule (Arm ARM D8.2)
    bool of_program = false;     ///< true: the lower half
};

/// The physical address of a virtual one; unset if it is not mapped, or if the tables are invalid.
std::optional<std::uint64_t> translate(const GuestMemory& memory, const PageTables& tables,
                                       std::uint64_t address);

/// A virtual range that is also physically contiguous.
struct MappedRange {
    std::uint64_t address = 0, physical = 0, size = 0;
    bool operator==(const MappedRange&) const = default;
};

/// All that the tables map in their half, by address. Invalid tables cost at most a second, because each
/// table is visited once. This also skips areas that map the same page repeatedly (KASAN's shadow).
std::vector<MappedRange> mapped_ranges(const GuestMemory& memory, const PageTables& tables);

/// Whether the address can be one of a kernel: the upper half of the address space.
constexpr bool in_kernel_half(std::uint64_t address) {
    // Addresses have at most 52 bits on aarch64, and 57 on x86_64, where the linear map begins at 0xff11….
    return address >= 0xff00'0000'0000'0000;
}

}  // namespace lktest
