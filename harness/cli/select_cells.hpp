// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "harness/cli/run.hpp"
#include "harness/matrix/expand.hpp"

namespace lktest {

/// Leaves in the plan what `rerun` names and what the shard holds. Throws a usage Error when the names of
/// `rerun` leave nothing; a shard may be empty.
void select_cells(std::vector<PlannedCell>& cells, const RunOptions& options);

}  // namespace lktest
