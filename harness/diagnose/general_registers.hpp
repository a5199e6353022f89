// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "builder/base/platform.hpp"

namespace lktest {

/// A CPU's, in the order in which Linux shows them to debuggers: of x86_64 the 27 of struct user_regs_struct
/// (arch/x86/include/asm/user_64.h), of aarch64 the 34 of struct user_pt_regs (uapi/asm/ptrace.h).
using GeneralRegisters = std::vector<std::uint64_t>;

/// How many they are.
constexpr std::size_t general_register_count(Arch arch) {
    return arch == Arch::x86_64 ? 27 : 34;
}

/// Reads what QEMU's monitor answers to "info registers -a": one for each CPU. What a CPU in a mode of 32
/// bits has none of is 0. Empty when it is no such answer.
std::vector<GeneralRegisters> general_registers(std::string_view registers, Arch arch);

}  // namespace lktest
