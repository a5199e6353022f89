// SPDX-License-Identifier: MIT
#pragma once

#include "harness/diagnose/diagnosis.hpp"
#include "harness/diagnose/find_printk.hpp"
#include "harness/diagnose/symbols.hpp"

namespace lktest {

/// Fills in what the memory of a kernel that was found tells besides its log: the functions that
/// each CPU is in, by the last sample, and the tasks. What it cannot tell it says in `untold`.
void look_inside(const GuestMemory& memory, const FoundKernel& kernel, Arch arch, Examination& seen);

/// The symbols of a kernel that was found.
std::optional<Symbols> kernel_symbols(const GuestMemory& memory, const FoundKernel& kernel);

/// Fills in what UEFI firmware has loaded, and in which of it the CPUs are.
void look_at_firmware(const GuestMemory& memory, Examination& seen);

}  // namespace lktest
