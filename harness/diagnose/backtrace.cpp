// SPDX-License-Identifier: MIT
#include "harness/diagnose/backtrace.hpp"

#include "harness/diagnose/orc.hpp"

namespace lktest {
namespace {

constexpr std::size_t most_frames = 40;

/// A return address may be signed in the bits that translation does not use (Arm ARM D8.10).
std::uint64_t without_signature(const AddressSpace& space, std::uint64_t address) {
    const unsigned used = space.tables ? space.tables->address_bits : 48;
    return (address >> 55 & 1) != 0 ? address | ~std::uint64_t{0} << used : address;
}

bool same_function(const Symbols& symbols, std::uint64_t one, std::uint64_t other) {
    const auto first = symbols.function_at(one), second = symbols.function_at(other);
    return first && second && one - first->offset == other - second->offset;
}

/// A record is the caller's frame and the return address. Their addresses grow, except where
/// an interrupt has changed the stack.
std::vector<std::uint64_t> unwind_records(const AddressSpace& space, const UnwindFrom& from) {
    constexpr unsigned most_stacks = 4;
    std::vector<std::uint64_t> found;
    std::uint64_t record = from.frame;
    unsigned stacks = 1;
    while (found.size() < most_frames && in_kernel_half(record) && record % 8 == 0) {
        const auto next = space.value<std::uint64_t>(record);
        const auto back = space.value<std::uint64_t>(record + 8);
        if (!next || !back)
            break;
        const std::uint64_t address = without_signature(space, *back);
        if (!in_kernel_half(address))
            break;
        found.push_back(address);
        if (*next <= record && ++stacks > most_stacks)
            break;
        record = *next;
    }
    return found;
}

std::vector<CodeAddress> unwind_arm(const AddressSpace& space, const Symbols& symbols,
                                    const UnwindFrom& from) {
    std::vector<CodeAddress> found{{from.pc}};
    const std::vector<std::uint64_t> records = unwind_records(space, from);
    // A leaf function has no record: only X30 holds its caller.
    const std::uint64_t link = without_signature(space, from.return_to);
    const bool in_records = !records.empty() && records.front() == link;
    if (from.return_to != 0 && !in_records && symbols.function_at(link) &&
        !same_function(symbols, link - 4, from.pc))
        found.push_back({link, true});
    for (const std::uint64_t address : records)
        found.push_back({address, true});
    return found;
}

/// For a kernel with frame pointers.
std::vector<CodeAddress> unwind_by_rbp(const AddressSpace& space, const UnwindFrom& from) {
    std::vector<CodeAddress> found{{from.pc}};
    for (const std::uint64_t address : unwind_records(space, from))
        found.push_back({address, true});
    return found;
}

}  // namespace

std::vector<std::string> backtrace(const AddressSpace& space, const Symbols& symbols, Arch arch,
                                   const UnwindFrom& from) {
    if (!in_kernel_half(from.pc))
        return {};
    std::vector<CodeAddress> code;
    if (arch == Arch::aarch64) {
        code = unwind_arm(space, symbols, from);
    } else {
        code = unwind_by_orc(space, symbols, from.pc, from.sp, from.frame);
        if (code.size() == 1)
            code = unwind_by_rbp(space, from);
    }
    std::vector<std::string> names;
    for (const CodeAddress& place : code)
        names.push_back(symbols.name_of(place));
    return names;
}

}  // namespace lktest
