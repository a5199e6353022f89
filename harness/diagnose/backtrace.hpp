// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "builder/base/platform.hpp"
#include "harness/diagnose/symbols.hpp"

namespace lktest {

/// Where a backtrace begins: the registers of a CPU or of a sleeping task.
struct UnwindFrom {
    std::uint64_t pc = 0, sp = 0, frame = 0;
    std::uint64_t return_to = 0;  ///< aarch64: X30; 0 for a sleeping task
};

/// The functions that a CPU or task is in, innermost first: "do_idle+0x1c3/0x290". On aarch64 it follows
/// the frame records (AAPCS64 §6.4.6). On x86_64 it follows the kernel's ORC tables, or else the chain of
/// RBP. Both cross interrupts and exceptions, up to the program. Empty if the first address is not in the
/// kernel.
std::vector<std::string> backtrace(const AddressSpace& space, const Symbols& symbols, Arch arch,
                                   const UnwindFrom& from);

}  // namespace lktest
