// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "harness/matrix/expand.hpp"

namespace lktest {

/// Selects few of the cells that can run, so that every pair of values of two axes that occurs in any cell
/// also occurs in a selected one. Equal plans give equal selections: the cell that adds most comes first, and
/// the earlier one on a tie. The result keeps the plan's order.
std::vector<PlannedCell> reduce_pairwise(const std::vector<PlannedCell>& cells);

}  // namespace lktest
