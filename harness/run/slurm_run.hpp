// SPDX-License-Identifier: MIT
#pragma once

#include "harness/report/store.hpp"
#include "harness/run/run_plan.hpp"

namespace lktest {

/// Boots each cell of the plan as a task of a Slurm job array, and merges the results into `directory` as
/// they arrive. Media, job script and results are stored there, so all nodes must see it, and lktest itself,
/// under the same path. Ctrl-C cancels the tasks. Slurm restarts a task whose node failed. A task that Slurm
/// ended without a result is a host fault.
/// @return the exit status
/// Throws a host Error if Slurm accepts no jobs.
int run_on_slurm(const RunOptions& options, const RunPlan& plan, const RunDirectory& directory);

}  // namespace lktest
