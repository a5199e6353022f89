// SPDX-License-Identifier: MIT
#pragma once

#include "harness/run/run_floor.hpp"

namespace lktest {

/// Prints how to reach the kept guests and holds them until Ctrl-C, until the user has ended each, or for
/// twelve hours. Then it ends them. Returns at once if no guest is kept.
void hold_kept(RunFloor& floor, const RunInput& input);

}  // namespace lktest
