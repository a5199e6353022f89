// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "harness/boot/attendance.hpp"
#include "harness/boot/host.hpp"
#include "harness/boot/rig.hpp"

namespace lktest {

/// Reports to the attendance what the guest prints and displays outside its serial console, as long as the
/// returned object lives.
std::shared_ptr<void> follow(Host& host, std::shared_ptr<Attendance> attendance, Rig& rig);

}  // namespace lktest
