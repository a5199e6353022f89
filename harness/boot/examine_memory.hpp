// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "harness/diagnose/diagnosis.hpp"
#include "harness/machine/guest_ram.hpp"

namespace lktest {

/// Fills in what a guest's memory shows: the kernel's log, functions and tasks, and the firmware's programs.
/// A confined process reads it; if that fails, `untold` says why.
/// @param seen  has samples of the CPUs if any were taken
void examine_memory(const GuestRam& ram, Arch arch, Examination& seen);

/// Runs in that process.
std::string examine_memory_job(std::span<const int> files, std::string_view input);

}  // namespace lktest
