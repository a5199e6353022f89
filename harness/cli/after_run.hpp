// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "harness/cli/run.hpp"
#include "harness/results/run.hpp"

namespace lktest {

/// {"CELL": {"MILESTONE": seconds}}: when passes reached their milestones before; "{}" when that is not
/// known or not wanted.
std::string usual_milestones(const RunOptions& options);

/// Reports a run that has ended: prints it in the format that was asked for, writes GitHub's annotations and
/// summary if GitHub runs lktest, and adds it to the history. A failure here is reported on stderr and
/// changes no result.
void after_run(const RunOptions& options, const results::Run& run);

}  // namespace lktest
