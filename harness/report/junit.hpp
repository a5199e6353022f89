// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "harness/report/result.hpp"

namespace lktest {

/// junit.xml: a test suite for each scenario, a test case for each cell. A medium that failed is a
/// <failure>, a host fault or a cancelled cell an <error>, a cell that cannot exist <skipped>.
/// Cells that have not ended are left out.
std::string junit_report(const RunReport& report);

}  // namespace lktest
