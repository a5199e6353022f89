// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>

#include "harness/cli/run.hpp"

namespace lktest {

/// {"CELL": {"MILESTONE": seconds}}: when passes reached their milestones before; "{}" when that is not
/// known or not wanted.
std::string usual_milestones(const RunOptions& options);

/// What is done with a run that has been written: it is added to the history, printed as TAP when asked
/// for, and told to GitHub when it runs there. What fails here is told on stderr and changes no result.
void after_run(const RunOptions& options, const std::filesystem::path& directory);

}  // namespace lktest
