// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "harness/report/style.hpp"
#include "harness/results/compare.hpp"

namespace lktest {

/// The changes from one run to another, for people. Says nothing about what did not change.
std::string text_comparison(const results::Comparison& comparison, const Style& style);

}  // namespace lktest
