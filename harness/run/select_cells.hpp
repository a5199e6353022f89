// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "harness/matrix/expand.hpp"
#include "harness/run/run.hpp"

namespace lktest {

/// Reduces the plan to the cells that `rerun` names and the shard contains. Throws a usage Error if no cell
/// of `rerun` is left; a shard may be empty.
void select_cells(std::vector<PlannedCell>& cells, const RunOptions& options);

}  // namespace lktest
