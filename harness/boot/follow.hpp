// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "harness/boot/attendance.hpp"
#include "harness/boot/host.hpp"
#include "harness/boot/rig.hpp"

namespace lktest {

/// Tells the attendance what the guest says and shows beside its serial console, as long as what this returns
/// lives.
std::shared_ptr<void> follow(Host& host, std::shared_ptr<Attendance> attendance, Rig& rig);

}  // namespace lktest
