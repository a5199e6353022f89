// SPDX-License-Identifier: MIT
#pragma once

#include "harness/cli/run_plan.hpp"
#include "harness/report/store.hpp"

namespace lktest {

/// Boots each cell of the plan as a task of a Slurm job array, and merges the results into `directory` as
/// they come. Media, job script and results are there: all nodes must see it under the same path, and lktest
/// itself. Ctrl-C cancels the tasks. A task whose node failed is begun again by Slurm; one that Slurm
/// ended without a result is a fault of the host.
/// @return the exit status
/// Throws a host Error when Slurm takes no job.
int run_on_slurm(const RunOptions& options, const RunPlan& plan, const RunDirectory& directory);

}  // namespace lktest
