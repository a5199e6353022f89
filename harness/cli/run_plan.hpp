// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "harness/cli/run.hpp"
#include "harness/matrix/expand.hpp"
#include "harness/scenario/known_failures.hpp"
#include "harness/scenario/scenario.hpp"

namespace lktest {

/// What a run will do, before anything is built or booted.
struct RunPlan {
    std::vector<PlannedCell> cells;
    std::map<std::string, Scenario> scenarios;  ///< by name
    std::vector<KnownFailure> known_failures{};
};

/// Reads the scenarios, looks at the ISOs, and multiplies the axes. Throws a usage Error
/// for everything that is wrong with what the user gave.
RunPlan plan_run(const RunOptions& options);

/// Throws a usage Error if a cell would run a command of a scenario from elsewhere on this machine.
/// @param own  the directory of the scenarios that came with lktest
void refuse_host_steps(const RunPlan& plan, const std::filesystem::path& own);

}  // namespace lktest
