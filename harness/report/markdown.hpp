// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "harness/results/run.hpp"

namespace lktest {

/// A run in GitHub's Markdown, for a job's summary, in some 20 lines: counts, the
/// matrix of architectures and firmware, and each cause once with its fix and its evidence, folded. Only
/// cells that fail the run have a ❌.
/// @param base  an earlier run to compare with, or nullptr
std::string markdown_report(const results::Run& run, const results::Run* base = nullptr);

/// The same with an invisible first line, "<!-- lktest -->", by which a job finds the comment to replace.
std::string comment_report(const results::Run& run, const results::Run* base = nullptr);

}  // namespace lktest
