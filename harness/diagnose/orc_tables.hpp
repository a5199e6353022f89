// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "harness/diagnose/symbols.hpp"

namespace lktest {

/// A kernel's two ORC tables, sorted by address: code addresses, and the unwind entry of each.
struct OrcTables {
    static constexpr std::uint64_t most_entries = 8'000'000;

    std::uint64_t addresses = 0;  ///< s32 each, relative to itself
    std::uint64_t entries = 0;    ///< six bytes each
    std::uint64_t count = 0;
};

/// Unset if the kernel has no such tables.
std::optional<OrcTables> orc_tables(const Symbols& symbols);

/// struct orc_entry (arch/x86/include/asm/orc_types.h).
struct OrcEntry {
    std::int16_t sp_offset = 0, bp_offset = 0;
    std::uint16_t rest = 0;
    unsigned sp_register() const { return rest & 0xf; }
    unsigned bp_register() const { return rest >> 4 & 0xf; }
};
static_assert(sizeof(OrcEntry) == 6);

/// How entries are written. The kernel does not record it.
struct OrcFormat {
    bool has_end_bit = false;  ///< the kind has two bits, and the end of a stack its own
    unsigned previous_sp = 0, sp = 0, bp_indirect = 0;
};

constexpr unsigned orc_bp = 4, orc_sp_indirect = 9;  // the same in every format

constexpr std::array orc_formats{
    OrcFormat{.has_end_bit = true, .previous_sp = 1, .sp = 5, .bp_indirect = 8},   // before Linux 6.4
    OrcFormat{.has_end_bit = false, .previous_sp = 1, .sp = 5, .bp_indirect = 8},  // before Linux 7.1
    OrcFormat{.has_end_bit = false, .previous_sp = 8, .sp = 3, .bp_indirect = 10},
};

enum class OrcKind { end, call, registers, part_of_registers };
OrcKind orc_kind(const OrcEntry& entry, const OrcFormat& format);

}  // namespace lktest
