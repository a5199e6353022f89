// SPDX-License-Identifier: MIT
#pragma once

#include <cstdio>

#include "harness/report/style.hpp"

namespace lktest {

/// Whether the stream goes to a terminal that can move its cursor.
bool is_terminal(std::FILE* stream);

/// What the stream's reader can show: colour only on a terminal and unless NO_COLOR is set
/// (no-color.org), Unicode where the locale says UTF-8, the terminal's size or 80 × 24.
Style style_of(std::FILE* stream);

}  // namespace lktest
