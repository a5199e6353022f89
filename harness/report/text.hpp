// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "harness/report/style.hpp"
#include "harness/results/run.hpp"

namespace lktest {

/// The final report for people: the table, the reasons of cells that cannot exist, a section for
/// each cell that did not pass, the report's path, and the counts. Guest text is printable, and is
/// cut so that a cell takes at most `section_limit` lines at 80 columns.
std::string text_report(const results::Run& run, const Style& style);

inline constexpr std::size_t section_limit = 15;

/// The matrix alone: the table and its footnotes.
std::string text_matrix(const results::Run& run, const Style& style);

}  // namespace lktest
