// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <memory>

#include "harness/boot/attendance.hpp"
#include "harness/boot/host.hpp"
#include "harness/boot/rig.hpp"

namespace lktest {

/// Takes a picture of the display at each milestone, and keeps it in `artefacts` if it differs from the one
/// before: film-0004.571.png, with the seconds since power-on. Stops after 24 pictures, or when the returned
/// object is destroyed. A machine without a display has no film.
std::shared_ptr<void> film(Host& host, std::shared_ptr<Attendance> attendance, const Rig& rig,
                           const std::filesystem::path& artefacts);

}  // namespace lktest
