// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "harness/boot/attendance.hpp"
#include "harness/boot/host.hpp"
#include "harness/boot/rig.hpp"

namespace lktest {

/// Reports to the attendance how long the host keeps the guest waiting, as long as the returned object lives.
/// If that is unknown, as for a guest on another machine, the guest's time equals the host's.
std::shared_ptr<void> measure_host(Host& host, std::shared_ptr<Attendance> attendance, const Rig& rig);

}  // namespace lktest
