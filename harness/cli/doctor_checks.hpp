// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "harness/cli/doctor.hpp"

namespace lktest {

/// Everything that doctor checks, in the order shown. Call it before starting any thread, because the
/// experiments run in child processes.
std::vector<Finding> examine(const DoctorOptions& options);

}  // namespace lktest
