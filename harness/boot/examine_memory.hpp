// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "harness/diagnose/diagnosis.hpp"
#include "harness/machine/guest_ram.hpp"

namespace lktest {

/// Fills in what the memory of a guest shows: the kernel's log, functions and tasks, and the firmware's
/// programs. A confined process reads it; if that one gives no answer, `untold` says why.
/// @param seen  has samples of the CPUs when there are some
void examine_memory(const GuestRam& ram, Arch arch, Examination& seen);

/// What that process does.
std::string examine_memory_job(std::span<const int> files, std::string_view input);

}  // namespace lktest
