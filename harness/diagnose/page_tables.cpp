// SPDX-License-Identifier: MIT
#include "harness/diagnose/page_tables.hpp"

namespace lktest {
namespace {

constexpr std::uint64_t bits(unsigned high, unsigned low) {
    return (~std::uint64_t{0} >> (63 - high)) & (~std::uint64_t{0} << low);
}

/// What one entry of a table says.
struct Entry {
    bool present = false;
    bool leaf = false;
    std::uint64_t address = 0;  ///< of the next table, or of the page or block
};

/// SDM vol. 3A §4.5.4: bit 0 present, bit 7 a page of 2 MiB or 1 GiB.
Entry x86_entry(std::uint64_t raw, unsigned level) {
    return {.present = (raw & 1) != 0,
            .leaf = level == 0 || (level <= 2 && (raw & 0x80) != 0),
            .address = raw & bits(51, 12)};
}

/// Arm ARM D8.3: bit 0 valid; bit 1 a table, and at the last level a page. With more than 48
/// bits of address the physical address's bits 51:50 (granule 4K, 16K) or 51:48 (64K) are at the bottom.
Entry arm_entry(std::uint64_t raw, unsigned level, const PageTables& tables) {
    const bool table = (raw & 2) != 0;
    std::uint64_t address = raw & bits(47, tables.page_shift);
    if (tables.page_shift == 16)
        address |= (raw & bits(15, 12)) << 36;
    else if (tables.address_bits > 48)
        address = (raw & bits(49, tables.page_shift)) | (raw & bits(9, 8)) << 42;
    // A last-level entry without bit 1 is reserved.
    return {
        .present = (raw & 1) != 0 && (level > 0 || table), .leaf = level == 0 || !table, .address = address};
}

bool sane(const PageTables& tables) {
    if (tables.arch == Arch::x86_64)
        return tables.page_shift == 12 && (tables.address_bits == 48 || tables.address_bits == 57);
    const unsigned shift = tables.page_shift;
    return (shift == 12 || shift == 14 || shift == 16) && tables.address_bits > shift + 8 &&
           tables.address_bits <= 52;
}

}  // namespace

std::optional<std::uint64_t> translate(const GuestMemory& memory, const PageTables& tables,
                                       std::uint64_t address) {
    if (!sane(tables))
        return std::nullopt;
    const unsigned per_level = tables.page_shift - 3;  // a table fills one page
    const unsigned top = tables.address_bits - 1;
    const std::uint64_t sign = tables.arch == Arch::x86_64 ? bits(63, top) : bits(63, top + 1);
    if ((address & sign) != (tables.of_program ? 0 : sign))
        return std::nullopt;

    const unsigned levels = (tables.address_bits - tables.page_shift + per_level - 1) / per_level;
    std::uint64_t table = tables.root;
    for (unsigned level = levels; level-- > 0;) {
        const unsigned low = tables.page_shift + level * per_level;
        const unsigned high = level + 1 == levels ? top : low + per_level - 1;
        const std::uint64_t index = (address & bits(high, low)) >> low;
        const auto raw = memory.value<std::uint64_t>(table + index * 8);
        if (!raw)
            return std::nullopt;
        const Entry entry =
            tables.arch == Arch::x86_64 ? x86_entry(*raw, level) : arm_entry(*raw, level, tables);
        if (!entry.present)
            return std::nullopt;
        if (entry.leaf) {
            const std::uint64_t within = low == 0 ? 0 : bits(low - 1, 0);
            return (entry.address & ~within) | (address & within);
        }
        table = entry.address;
    }
    return std::nullopt;
}

}  // namespace lktest
