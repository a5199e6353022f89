// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "harness/report/saved_run.hpp"
#include "harness/report/style.hpp"

namespace lktest {

/// A run in a few lines for a terminal: what did not pass and why, and the counts.
std::string text_digest(const SavedRun& run, const Style& style);

/// The same in GitHub's Markdown, for a job's summary: counts, what did not pass with its evidence
/// folded away, and a table of all cells when they are few.
std::string markdown_digest(const SavedRun& run);

/// TAP version 13: a line for each cell, in the plan's order; cells that cannot exist are skipped.
std::string tap_digest(const SavedRun& run);

/// GitHub's workflow commands: an annotation for each cell that did not pass, at most ten (GitHub shows
/// no more of one step).
std::string github_annotations(const SavedRun& run);

}  // namespace lktest
