// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "harness/results/run.hpp"

namespace lktest {

/// GitHub's workflow commands: an annotation for each cell that did not pass. It is an ::error exactly if the
/// cell fails the run; a flaky cell is a ::warning, a known failure a ::notice. At most ten of each kind,
/// because GitHub shows no more of one step.
std::string github_annotations(const results::Run& run);

}  // namespace lktest
