// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "harness/report/style.hpp"
#include "harness/results/run.hpp"

namespace lktest {

/// The matrix as a person reads it in the end: the table, why cells do not exist, what is known of
/// each cell that did not pass, where everything lies, and the counts. Whatever a guest said is
/// printable, and so much of it that on 80 columns a cell takes `section_limit` lines.
std::string text_report(const results::Run& run, const Style& style);

inline constexpr std::size_t section_limit = 15;

/// The matrix alone: the table and its footnotes.
std::string text_matrix(const results::Run& run, const Style& style);

}  // namespace lktest
