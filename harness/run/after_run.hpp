// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "harness/results/run.hpp"
#include "harness/run/run.hpp"

namespace lktest {

/// {"CELL": {"MILESTONE": seconds}}: when earlier passes reached their milestones. "{}" if unknown or
/// unwanted.
std::string usual_milestones(const RunOptions& options);

/// Reports a finished run: prints it in the requested format, writes GitHub's annotations and summary if
/// GitHub runs lktest, and adds it to the history. A failure here is reported on stderr and does not change
/// the result.
void after_run(const RunOptions& options, const results::Run& run);

}  // namespace lktest
