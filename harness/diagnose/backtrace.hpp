// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "builder/base/platform.hpp"
#include "harness/diagnose/symbols.hpp"

namespace lktest {

/// Where a backtrace begins: a CPU's registers, or those of a task that sleeps.
struct UnwindFrom {
    std::uint64_t pc = 0, sp = 0, frame = 0;
    std::uint64_t return_to = 0;  ///< aarch64: X30; 0 of a task that sleeps
};

/// The functions that a CPU or task is in, innermost first: "do_idle+0x1c3/0x290". On aarch64 by
/// the chain of frame records (AAPCS64 §6.4.6), on x86_64 by the kernel's ORC tables, without
/// which it is the chain of RBP; both go on across interrupts and exceptions, up to the program.
/// Empty when the first address is not in the kernel.
std::vector<std::string> backtrace(const AddressSpace& space, const Symbols& symbols, Arch arch,
                                   const UnwindFrom& from);

}  // namespace lktest
