// SPDX-License-Identifier: MIT
#pragma once

#include "harness/diagnose/diagnosis.hpp"
#include "harness/diagnose/find_printk.hpp"
#include "harness/diagnose/symbols.hpp"

namespace lktest {

/// Fills in what the memory of a kernel shows beyond its log: the functions that each CPU was in at the last
/// sample, and the tasks. Adds a line to `untold` for everything that cannot be read.
void look_inside(const GuestMemory& memory, const FoundKernel& kernel, Arch arch, Examination& seen);

/// The symbols of a kernel found in memory.
std::optional<Symbols> kernel_symbols(const GuestMemory& memory, const FoundKernel& kernel);

/// The same with how to follow its stacks, as an ELF file for a debugger.
std::string kernel_symbol_file(const GuestMemory& memory, const FoundKernel& kernel, const Symbols& symbols,
                               Arch arch);

/// Fills in the images that UEFI firmware has loaded, and which of them the CPUs are in.
void look_at_firmware(const GuestMemory& memory, Examination& seen);

}  // namespace lktest
