// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lktest {

/// Where a PC's text screen begins in its physical address space, and its usual size.
inline constexpr std::uint64_t text_screen_address = 0xb8000;
inline constexpr std::size_t text_screen_columns = 80, text_screen_rows = 25;

/// The rows of a text screen, without trailing blanks; no rows if the bytes are pixels.
/// @param cells  two bytes each, character (code page 437) and attribute, row by row: what VGA shows in text
///               modes, and what Linux keeps for each of its virtual terminals
/// Box-drawing characters become '|', '-' and '+'. Other characters beyond ASCII become '?'.
std::vector<std::string> rows_of_cells(std::string_view cells, std::size_t columns);

}  // namespace lktest
