// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <memory>

#include "harness/boot/attendance.hpp"
#include "harness/boot/host.hpp"
#include "harness/boot/rig.hpp"

namespace lktest {

/// Takes a picture of the display at each milestone, and leaves it in `artefacts` when it differs from the
/// one before: film-0004.571.png, the seconds since power-on. Ends with what this returns, and after 24
/// pictures. A machine without a display has no film.
std::shared_ptr<void> film(Host& host, std::shared_ptr<Attendance> attendance, const Rig& rig,
                           const std::filesystem::path& artefacts);

}  // namespace lktest
