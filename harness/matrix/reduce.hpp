// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "harness/matrix/expand.hpp"

namespace lktest {

/// A few of the cells that can run, such that any two values of two axes that meet in one of all cells meet
/// in one of these, too. Equal plans give equal choices: the cell that adds most is taken first, of two equal
/// ones the earlier. In the plan's order, without what cannot run.
std::vector<PlannedCell> reduce_pairwise(const std::vector<PlannedCell>& cells);

}  // namespace lktest
