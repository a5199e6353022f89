// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace lktest {

/// The lines of the console since the firmware last started a medium; all if it never says so. Those before
/// it belong to earlier boots, which may have been of other media.
std::vector<std::string> lines_of_last_boot(std::vector<std::string> console);

}  // namespace lktest
