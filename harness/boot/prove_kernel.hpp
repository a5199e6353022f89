// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "harness/boot/attendance.hpp"
#include "harness/boot/host.hpp"
#include "harness/boot/rig.hpp"

namespace lktest {

/// Checks for a running kernel whenever the console claims one, as long as the returned object lives.
std::shared_ptr<void> prove_kernel(Host& host, std::shared_ptr<Attendance> attendance,
                                   const std::shared_ptr<Rig>& rig);

}  // namespace lktest
