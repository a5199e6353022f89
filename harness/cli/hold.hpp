// SPDX-License-Identifier: MIT
#pragma once

#include "harness/cli/run_floor.hpp"

namespace lktest {

/// Says how to reach the guests that are kept, and holds them until Ctrl-C, until each was ended by hand, or
/// for twelve hours. Then they end. At once when none is kept.
void hold_kept(RunFloor& floor, const RunInput& input);

}  // namespace lktest
