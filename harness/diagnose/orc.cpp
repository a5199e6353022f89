// SPDX-License-Identifier: MIT
#include "harness/diagnose/orc.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace lktest {
namespace {

constexpr std::size_t most_frames = 40;
constexpr std::uint64_t most_entries = 8'000'000;

/// The kernel's two tables, sorted by address: code addresses, and the unwind entry of each.
struct OrcTables {
    std::uint64_t addresses = 0;  ///< s32 each, relative to itself
    std::uint64_t entries = 0;    ///< six bytes each
    std::uint64_t count = 0;
};

std::optional<OrcTables> orc_tables(const Symbols& symbols) {
    const auto begin = symbols.address_of("__start_orc_unwind_ip");
    const auto end = symbols.address_of("__stop_orc_unwind_ip");
    const auto entries = symbols.address_of("__start_orc_unwind");
    if (!begin || !end || !entries || *end <= *begin || (*end - *begin) / 4 > most_entries)
        return std::nullopt;
    return OrcTables{*begin, *entries, (*end - *begin) / 4};
}

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

constexpr unsigned bp = 4, sp_indirect = 9;  // the same in every format

constexpr std::array formats{
    OrcFormat{.has_end_bit = true, .previous_sp = 1, .sp = 5, .bp_indirect = 8},   // before Linux 6.4
    OrcFormat{.has_end_bit = false, .previous_sp = 1, .sp = 5, .bp_indirect = 8},  // before Linux 7.1
    OrcFormat{.has_end_bit = false, .previous_sp = 8, .sp = 3, .bp_indirect = 10},
};

enum class Kind { end, call, registers, part_of_registers };

Kind kind_of(const OrcEntry& entry, const OrcFormat& format) {
    if (format.has_end_bit) {
        const unsigned type = entry.rest >> 8 & 3;
        const bool end = (entry.rest & (1 << 10 | 1 << 11)) != 0 && entry.sp_register() == 0;
        return end || type > 2 ? Kind::end : static_cast<Kind>(type + 1);
    }
    switch (entry.rest >> 8 & 7) {
        case 2: return Kind::call;
        case 3: return Kind::registers;
        case 4: return Kind::part_of_registers;
        default: return Kind::end;
    }
}

std::optional<OrcEntry> entry_at(const AddressSpace& space, const OrcTables& tables, std::uint64_t address) {
    std::uint64_t low = 0, high = tables.count;  // the last entry at or before the address
    while (high - low > 1) {
        const std::uint64_t middle = low + (high - low) / 2;
        const std::uint64_t at = tables.addresses + 4 * middle;
        const auto away = space.value<std::int32_t>(at);
        if (!away)
            return std::nullopt;
        (at + static_cast<std::uint64_t>(std::int64_t{*away}) <= address ? low : high) = middle;
    }
    return space.value<OrcEntry>(tables.entries + 6 * low);
}

struct Registers {
    std::uint64_t pc = 0, sp = 0, frame = 0;
};

/// The registers of the caller or of the interrupted code.
class Caller {
public:
    Caller(const AddressSpace& space, const Registers& now, const OrcEntry& entry, const OrcFormat& format)
        : space_(space), now_(now), entry_(entry), format_(format), kind_(kind_of(entry, format)) {}

    std::optional<Registers> find() const {
        const auto stack = caller_stack();
        if (!stack || kind_ == Kind::end)
            return std::nullopt;
        switch (kind_) {
            case Kind::call: return by_call(*stack);
            case Kind::registers: return by_registers(*stack);
            case Kind::part_of_registers: return by_interrupt(*stack);
            case Kind::end: break;
        }
        return std::nullopt;
    }
    bool is_call() const { return kind_ == Kind::call; }

private:
    static std::uint64_t plus(std::uint64_t address, std::int16_t offset) {
        return address + static_cast<std::uint64_t>(std::int64_t{offset});
    }

    std::optional<std::uint64_t> caller_stack() const {
        const unsigned from = entry_.sp_register();
        if (from == format_.sp)
            return plus(now_.sp, entry_.sp_offset);
        if (from == bp)
            return plus(now_.frame, entry_.sp_offset);
        if (from == format_.bp_indirect)
            return space_.value<std::uint64_t>(plus(now_.frame, entry_.sp_offset));
        if (from == sp_indirect)
            if (const auto at = space_.value<std::uint64_t>(now_.sp))
                return plus(*at, entry_.sp_offset);
        return std::nullopt;  // registers that only an interrupt frame has
    }

    std::optional<std::uint64_t> caller_frame(std::uint64_t stack) const {
        const unsigned from = entry_.bp_register();
        if (from == format_.previous_sp)
            return space_.value<std::uint64_t>(plus(stack, entry_.bp_offset));
        if (from == bp)
            return space_.value<std::uint64_t>(plus(now_.frame, entry_.bp_offset));
        return now_.frame;
    }

    std::optional<Registers> by_call(std::uint64_t stack) const {
        const auto pc = space_.value<std::uint64_t>(stack - 8);
        const auto frame = caller_frame(stack);
        if (!pc || !frame)
            return std::nullopt;
        return Registers{*pc, stack, *frame};
    }

    /// A struct pt_regs is on the stack.
    std::optional<Registers> by_registers(std::uint64_t stack) const {
        const auto frame = space_.value<std::uint64_t>(stack + 32);
        auto found = by_interrupt(stack + 128);
        if (!found || !frame)
            return std::nullopt;
        found->frame = *frame;
        return found;
    }

    /// The words that the CPU pushes: RIP, CS, RFLAGS, RSP, SS (SDM vol. 3A §6.14.2).
    std::optional<Registers> by_interrupt(std::uint64_t pushed) const {
        const auto pc = space_.value<std::uint64_t>(pushed);
        const auto segment = space_.value<std::uint64_t>(pushed + 8);
        const auto sp = space_.value<std::uint64_t>(pushed + 24);
        if (!pc || !sp || !segment || (*segment & 3) != 0)  // a program was interrupted
            return std::nullopt;
        return Registers{*pc, *sp, now_.frame};
    }

    const AddressSpace& space_;
    const Registers& now_;
    const OrcEntry& entry_;
    const OrcFormat& format_;
    Kind kind_;
};

std::vector<CodeAddress> unwind(const AddressSpace& space, const OrcTables& tables, Registers registers,
                                const OrcFormat& format) {
    std::vector<CodeAddress> found{{registers.pc}};
    while (found.size() < most_frames) {
        const auto entry = entry_at(space, tables, found.back().address - (found.back().returned_to ? 1 : 0));
        if (!entry)
            break;
        const Caller caller(space, registers, *entry, format);
        const auto next = caller.find();
        if (!next || !in_kernel_half(next->pc))
            break;
        found.push_back({next->pc, caller.is_call()});
        registers = *next;
    }
    return found;
}

}  // namespace

std::vector<CodeAddress> unwind_by_orc(const AddressSpace& space, const Symbols& symbols, std::uint64_t pc,
                                       std::uint64_t sp, std::uint64_t frame) {
    const auto tables = orc_tables(symbols);
    if (!tables)
        return {{pc}};
    // With the wrong format, unwinding soon ends.
    std::vector<CodeAddress> longest;
    for (const OrcFormat& format : formats)
        if (auto found = unwind(space, *tables, {pc, sp, frame}, format); found.size() > longest.size())
            longest = std::move(found);
    return longest;
}

}  // namespace lktest
