// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <memory>

#include "harness/boot/attendance.hpp"
#include "harness/boot/host.hpp"
#include "harness/boot/rig.hpp"

namespace lktest {

/// Tells the attendance when the guest gives no sign of life for `patience`, and when it does again, as long
/// as what this returns lives.
std::shared_ptr<void> watch_for_standstill(Host& host, std::shared_ptr<Attendance> attendance,
                                           const std::shared_ptr<Rig>& rig,
                                           std::chrono::microseconds patience);

}  // namespace lktest
