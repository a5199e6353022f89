// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "builder/base/platform.hpp"

namespace lktest {

/// A CPU's registers, in the order in which Linux shows them to debuggers: on x86_64 the 27 of struct
/// user_regs_struct (arch/x86/include/asm/user_64.h), on aarch64 the 34 of struct user_pt_regs
/// (uapi/asm/ptrace.h).
using GeneralRegisters = std::vector<std::uint64_t>;

/// The number of registers.
constexpr std::size_t general_register_count(Arch arch) {
    return arch == Arch::x86_64 ? 27 : 34;
}

/// Parses the answer of QEMU's monitor to "info registers -a": one element for each CPU. Registers that a
/// CPU in 32-bit mode lacks are 0. Empty if it is not such an answer.
std::vector<GeneralRegisters> general_registers(std::string_view registers, Arch arch);

}  // namespace lktest
