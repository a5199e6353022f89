// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "harness/results/run.hpp"

namespace lktest {

/// junit.xml: a test suite for each scenario, a test case for each cell. A medium that failed is a
/// <failure>, a host fault or a cancelled cell an <error>. A cell that cannot exist and a tolerated one are
/// <skipped>. Cells that have not ended are omitted.
std::string junit_report(const results::Run& run);

}  // namespace lktest
