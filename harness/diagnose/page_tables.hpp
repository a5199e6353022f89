// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "builder/base/platform.hpp"
#include "harness/diagnose/guest_memory.hpp"

namespace lktest {

/// A kernel's translation of its own half of the virtual addresses, or of a program's.
struct PageTables {
    Arch arch = Arch::x86_64;
    std::uint64_t root = 0;      ///< physical address of the top table
    unsigned address_bits = 48;  ///< x86_64: 48 or 57 (SDM vol. 3A §4.5); aarch64: 64 - TCR_EL1.T1SZ
    unsigned page_shift = 12;    ///< aarch64: 12, 14 or 16, the granule (Arm ARM D8.2)
    bool of_program = false;     ///< the lower half
};

/// The physical address of a virtual one; nothing when it is not mapped, or the tables are nonsense.
std::optional<std::uint64_t> translate(const GuestMemory& memory, const PageTables& tables,
                                       std::uint64_t address);

/// Addresses in a row that lie in a row physically too.
struct MappedRange {
    std::uint64_t address = 0, physical = 0, size = 0;
    bool operator==(const MappedRange&) const = default;
};

/// All that the tables map in their half, by address. Of nonsense not more than a second's work: a table is
/// looked at once, which also leaves out what maps the same page over and over (KASAN's shadow).
std::vector<MappedRange> mapped_ranges(const GuestMemory& memory, const PageTables& tables);

/// Whether the address can be one of a kernel: the upper half of the address space.
constexpr bool in_kernel_half(std::uint64_t address) {
    // 52 bits of address are the most on aarch64, 57 on x86_64, where the linear map begins at 0xff11….
    return address >= 0xff00'0000'0000'0000;
}

}  // namespace lktest
