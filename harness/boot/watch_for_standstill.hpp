// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <memory>

#include "harness/boot/attendance.hpp"
#include "harness/boot/host.hpp"
#include "harness/boot/rig.hpp"

namespace lktest {

/// Reports to the attendance when the guest shows no activity and when it moves again, as long as the
/// returned object lives. The judge decides how long it may stand still.
std::shared_ptr<void> watch_for_standstill(Host& host, std::shared_ptr<Attendance> attendance,
                                           const std::shared_ptr<Rig>& rig);

}  // namespace lktest
