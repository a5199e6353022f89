// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "harness/matrix/expand.hpp"
#include "harness/run/run.hpp"
#include "harness/scenario/known_failures.hpp"
#include "harness/scenario/scenario.hpp"

namespace lktest {

/// The work of a run, before anything is built or booted.
struct RunPlan {
    std::vector<PlannedCell> cells;
    std::map<std::string, Scenario> scenarios;  ///< by name
    std::vector<KnownFailure> known_failures{};
};

/// Reads the scenarios, examines the ISOs and multiplies the axes. Throws a usage Error for any mistake in
/// the user's input.
RunPlan plan_run(const RunOptions& options);

/// In bytes, of all machines of the plan.
std::uint64_t largest_memory(const RunPlan& plan);

/// Throws a usage Error if a cell would run, on this machine, a command of a scenario that lktest did not
/// ship.
/// @param own  the directory of the scenarios that lktest ships
void refuse_host_steps(const RunPlan& plan, const std::filesystem::path& own);

}  // namespace lktest
