// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "harness/cli/doctor.hpp"

namespace lktest {

/// Everything that doctor looks at, in the order in which it is shown. Call it before there is any
/// other thread: what it tries out is tried in processes of its own.
std::vector<Finding> examine(const DoctorOptions& options);

}  // namespace lktest
