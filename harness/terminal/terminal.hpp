// SPDX-License-Identifier: MIT
#pragma once

#include <cstdio>

#include "harness/report/style.hpp"

namespace lktest {

/// Whether the stream goes to a terminal that can move its cursor.
bool is_terminal(std::FILE* stream);

/// The capabilities of the stream's reader. Colour requires a terminal and an unset NO_COLOR (no-color.org),
/// Unicode a UTF-8 locale. The size is the terminal's, or 80 × 24. Only a terminal needs shortened lines.
Style style_of(std::FILE* stream);

}  // namespace lktest
