// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "harness/results/run.hpp"

namespace lktest {

/// TAP version 13: a line for each cell, in the plan's order. Consumers count a failure exactly where the
/// run's exit status does: a cell that cannot exist is skipped, a known failure is "not ok … # TODO", and a
/// flaky cell is "ok … # flaky".
std::string tap_report(const results::Run& run);

}  // namespace lktest
