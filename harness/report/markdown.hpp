// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "harness/results/run.hpp"

namespace lktest {

/// A run in GitHub's Markdown, for a job's summary: counts, the cells that did not pass with their evidence
/// folded, and a table of all cells if there are few. Only cells that fail the run have a ❌.
std::string markdown_report(const results::Run& run);

}  // namespace lktest
