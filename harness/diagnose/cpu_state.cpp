// SPDX-License-Identifier: MIT
#include "harness/diagnose/cpu_state.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <string>

#include "builder/base/re2_text.hpp"

namespace lktest {
namespace {

/// The hexadecimal number after "NAME=".
std::optional<std::uint64_t> hex(std::string_view text, const char* name) {
    std::uint64_t value = 0;
    const std::string expression = std::string(R"((?:^|[\s\[]))") + name + "=([0-9a-f]{1,16})(?:\\s|$)";
    if (!re2::RE2::PartialMatch(to_re2(text), expression, re2::RE2::Hex(&value)))
        return std::nullopt;
    return value;
}

/// The base of the code segment: "CS =f000 00000000000f0000 0000ffff 00009b00".
std::uint64_t code_base(std::string_view text) {
    static const re2::RE2 expression(R"(\nCS =[0-9a-f]+ ([0-9a-f]+) )");
    std::uint64_t base = 0;
    re2::RE2::PartialMatch(to_re2(text), expression, re2::RE2::Hex(&base));
    return base;
}

std::optional<CpuState> x86_state(std::string_view text) {
    using Mode = CpuState::Mode;
    // SDM vol. 3A §2.5: CR0.PE is bit 0, CR0.PG bit 31, CR4.LA57 bit 12; §2.2.1: EFER.LMA bit 10; §2.3: IF
    // of RFLAGS bit 9.
    const auto rip = hex(text, "RIP"), eip = hex(text, "EIP");
    const auto cr0 = hex(text, "CR0"), level = hex(text, "CPL");
    if ((!rip && !eip) || !cr0 || !level)
        return std::nullopt;
    CpuState state;
    state.halted = hex(text, "HLT") == 1;
    state.takes_interrupts = (hex(text, rip ? "RFL" : "EFL").value_or(0) & 0x200) != 0;
    const bool long_mode = (hex(text, "EFER").value_or(0) & 0x400) != 0;
    if ((*cr0 & 1) == 0)
        state.mode = Mode::real;
    else if (*level == 3)
        state.mode = Mode::user;
    else
        state.mode = long_mode ? Mode::system : Mode::flat;
    state.sp = hex(text, rip ? "RSP" : "ESP").value_or(0);
    state.frame = hex(text, rip ? "RBP" : "EBP").value_or(0);
    state.pc = long_mode ? rip.value_or(0) : code_base(text) + (rip ? *rip : *eip);
    if (const auto root = hex(text, "CR3"); root && long_mode && (*cr0 >> 31 & 1) != 0) {
        // Bit 12 distinguishes a program's tables from the kernel's (page-table isolation).
        const bool five_levels = (hex(text, "CR4").value_or(0) & 0x1000) != 0;
        state.page_tables = PageTables{.arch = Arch::x86_64,
                                       .root = *root & 0x000f'ffff'ffff'e000,
                                       .address_bits = five_levels ? 57U : 48U};
    }
    return state;
}

std::optional<CpuState> arm_state(std::string_view text) {
    static const re2::RE2 level(R"(PSTATE=[0-9a-f]+ \S+ (?:\S+ )?EL(\d))");
    const auto pc = hex(text, "PC");
    int exception_level = 0;
    if (!pc || !re2::RE2::PartialMatch(to_re2(text), level, &exception_level))
        return std::nullopt;
    CpuState state;
    state.pc = *pc;
    state.sp = hex(text, "SP").value_or(0);
    state.frame = hex(text, "X29").value_or(0);
    state.return_to = hex(text, "X30").value_or(0);
    state.mode = exception_level == 0 ? CpuState::Mode::user : CpuState::Mode::system;
    return state;
}

}  // namespace

std::vector<std::string_view> parts_of_cpus(std::string_view registers) {
    constexpr std::string_view heading = "CPU#";
    constexpr std::size_t most_cpus = 1024;
    std::vector<std::string_view> parts;
    std::size_t at = registers.find(heading);
    while (at != registers.npos && parts.size() < most_cpus) {
        const std::size_t next = registers.find(heading, at + 1);
        parts.push_back(registers.substr(at, next == registers.npos ? next : next - at));
        at = next;
    }
    return parts;
}

std::vector<CpuState> cpu_states(std::string_view registers, Arch arch) {
    std::vector<CpuState> states;
    for (const std::string_view part : parts_of_cpus(registers))
        if (auto state = arch == Arch::x86_64 ? x86_state(part) : arm_state(part)) {
            state->index = static_cast<unsigned>(states.size());
            states.push_back(*state);
        }
    return states;
}

std::optional<PageTables> kernel_tables(const std::vector<CpuState>& cpus) {
    for (const CpuState& cpu : cpus)
        if (cpu.page_tables && in_kernel_half(cpu.pc))
            return cpu.page_tables;
    return std::nullopt;
}

}  // namespace lktest
