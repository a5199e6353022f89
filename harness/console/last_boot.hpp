// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lktest {

/// Whether the firmware starts a medium with this line. UEFI's own shell, in a firmware volume, is not a
/// medium.
bool starts_a_medium(std::string_view line);

/// The lines of the console since the firmware last started a medium; all if it never says so. Those before
/// it belong to earlier boots, which may have been of other media.
std::vector<std::string> lines_of_last_boot(std::vector<std::string> console);

}  // namespace lktest
