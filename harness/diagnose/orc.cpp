// SPDX-License-Identifier: MIT
#include "harness/diagnose/orc.hpp"

#include <algorithm>
#include <optional>

#include "harness/diagnose/orc_tables.hpp"

namespace lktest {
namespace {

constexpr std::size_t most_frames = 40;
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
        : space_(space), now_(now), entry_(entry), format_(format), kind_(orc_kind(entry, format)) {}

    std::optional<Registers> find() const {
        const auto stack = caller_stack();
        if (!stack || kind_ == OrcKind::end)
            return std::nullopt;
        switch (kind_) {
            case OrcKind::call: return by_call(*stack);
            case OrcKind::registers: return by_registers(*stack);
            case OrcKind::part_of_registers: return by_interrupt(*stack);
            case OrcKind::end: break;
        }
        return std::nullopt;
    }
    bool is_call() const { return kind_ == OrcKind::call; }

private:
    static std::uint64_t plus(std::uint64_t address, std::int16_t offset) {
        return address + static_cast<std::uint64_t>(std::int64_t{offset});
    }

    std::optional<std::uint64_t> caller_stack() const {
        const unsigned from = entry_.sp_register();
        if (from == format_.sp)
            return plus(now_.sp, entry_.sp_offset);
        if (from == orc_bp)
            return plus(now_.frame, entry_.sp_offset);
        if (from == format_.bp_indirect)
            return space_.value<std::uint64_t>(plus(now_.frame, entry_.sp_offset));
        if (from == orc_sp_indirect)
            if (const auto at = space_.value<std::uint64_t>(now_.sp))
                return plus(*at, entry_.sp_offset);
        return std::nullopt;  // registers that only an interrupt frame has
    }

    std::optional<std::uint64_t> caller_frame(std::uint64_t stack) const {
        const unsigned from = entry_.bp_register();
        if (from == format_.previous_sp)
            return space_.value<std::uint64_t>(plus(stack, entry_.bp_offset));
        if (from == orc_bp)
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
    OrcKind kind_;
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
    for (const OrcFormat& format : orc_formats)
        if (auto found = unwind(space, *tables, {pc, sp, frame}, format); found.size() > longest.size())
            longest = std::move(found);
    return longest;
}

}  // namespace lktest
