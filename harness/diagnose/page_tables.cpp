// SPDX-License-Identifier: MIT
#include "harness/diagnose/page_tables.hpp"

#include <cstring>
#include <string>
#include <unordered_set>

namespace lktest {
namespace {

constexpr std::uint64_t bits(unsigned high, unsigned low) {
    return (~std::uint64_t{0} >> (63 - high)) & (~std::uint64_t{0} << low);
}

/// A decoded table entry.
struct Entry {
    bool present = false;
    bool leaf = false;
    std::uint64_t address = 0;  ///< address of the next table, or of the page or block
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

Entry entry_of(std::uint64_t raw, unsigned level, const PageTables& tables) {
    return tables.arch == Arch::x86_64 ? x86_entry(raw, level) : arm_entry(raw, level, tables);
}

/// How many bits of an address one table, which fills a page, translates; the number of levels; and the
/// highest translated bit.
struct Form {
    explicit Form(const PageTables& tables)
        : page_shift(tables.page_shift),
          per_level(page_shift - 3),
          levels((tables.address_bits - page_shift + per_level - 1) / per_level),
          top(tables.address_bits - 1) {}
    unsigned page_shift, per_level, levels, top;

    /// The lowest bit that a table of this level translates.
    unsigned low(unsigned level) const { return page_shift + level * per_level; }
};

/// The bits of an address that distinguish the two halves.
std::uint64_t sign_of(const PageTables& tables) {
    return bits(63, tables.arch == Arch::x86_64 ? tables.address_bits - 1 : tables.address_bits);
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
    const Form form(tables);
    const std::uint64_t sign = sign_of(tables);
    if ((address & sign) != (tables.of_program ? 0 : sign))
        return std::nullopt;

    std::uint64_t table = tables.root;
    for (unsigned level = form.levels; level-- > 0;) {
        const unsigned low = form.low(level);
        const unsigned high = level + 1 == form.levels ? form.top : low + form.per_level - 1;
        const std::uint64_t index = (address & bits(high, low)) >> low;
        const auto raw = memory.value<std::uint64_t>(table + index * 8);
        if (!raw)
            return std::nullopt;
        const Entry entry = entry_of(*raw, level, tables);
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

namespace {

/// Walks the tables, from the lowest address up.
class Walk {
public:
    Walk(const GuestMemory& memory, const PageTables& tables)
        : memory_(memory), tables_(tables), form_(tables) {}

    std::vector<MappedRange> all() && {
        const std::uint64_t sign = sign_of(tables_), begin = tables_.of_program ? 0 : sign;
        const unsigned level = form_.levels - 1, low = form_.low(level);
        // Only one half of the top table, if both halves share it.
        const std::uint64_t first = (begin & bits(form_.top, low)) >> low, count = (~sign >> low) + 1;
        look_at(tables_.root + first * 8, level, begin, count);
        return std::move(found_);
    }

private:
    void look_at(std::uint64_t table, unsigned level, std::uint64_t address, std::uint64_t count) {
        if (!seen_.insert(table << 3 | level).second)
            return;
        const unsigned low = form_.low(level);
        const std::string bytes = memory_.bytes_at(table, static_cast<std::size_t>(count * 8));
        for (std::size_t i = 0; i < bytes.size() / 8 && entries_ > 0 && found_.size() < most_ranges; ++i) {
            --entries_;
            std::uint64_t raw = 0;
            std::memcpy(&raw, bytes.data() + i * 8, sizeof raw);
            const Entry entry = entry_of(raw, level, tables_);
            const std::uint64_t at = address + (std::uint64_t{i} << low);
            if (entry.present && entry.leaf)
                add(at, entry.address & bits(63, low), std::uint64_t{1} << low);
            else if (entry.present)
                look_at(entry.address, level - 1, at, std::uint64_t{1} << form_.per_level);
        }
    }

    void add(std::uint64_t address, std::uint64_t physical, std::uint64_t size) {
        if (!found_.empty()) {
            MappedRange& last = found_.back();
            if (last.address + last.size == address && last.physical + last.size == physical) {
                last.size += size;
                return;
            }
        }
        found_.push_back({address, physical, size});
    }

    static constexpr std::size_t most_ranges = 1 << 20;
    const GuestMemory& memory_;
    const PageTables& tables_;
    const Form form_;
    std::unordered_set<std::uint64_t> seen_;  ///< a table's address, and its level in the lowest three bits
    std::size_t entries_ = 1 << 27;           ///< remaining work: 4 KiB pages for 512 GiB
    std::vector<MappedRange> found_;
};

}  // namespace

std::vector<MappedRange> mapped_ranges(const GuestMemory& memory, const PageTables& tables) {
    return sane(tables) ? Walk(memory, tables).all() : std::vector<MappedRange>();
}

}  // namespace lktest
