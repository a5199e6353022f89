// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "harness/boot/attendance.hpp"
#include "harness/boot/host.hpp"
#include "harness/boot/rig.hpp"

namespace lktest {

/// Tells the attendance how much the host keeps the guest waiting, as long as the returned object lives.
/// Where that is not known, as for a guest on another machine, the guest's time is the host's.
std::shared_ptr<void> measure_host(Host& host, std::shared_ptr<Attendance> attendance, const Rig& rig);

}  // namespace lktest
