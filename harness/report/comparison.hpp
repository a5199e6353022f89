// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "harness/report/style.hpp"
#include "harness/results/compare.hpp"

namespace lktest {

/// The changes from one run to another, for people. Omits everything that did not change.
std::string text_comparison(const results::Comparison& comparison, const Style& style);

}  // namespace lktest
