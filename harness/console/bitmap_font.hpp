// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace lktest {

/// What is drawn where a character stands: a row of eight pixels in each byte, the leftmost in bit 7. Rows
/// that the font does not have are empty.
using CellBits = std::array<std::uint8_t, 32>;

/// A font whose characters are eight pixels wide.
struct BitmapFont {
    unsigned height = 0;                               ///< of a cell, in pixels; at most 32
    std::vector<std::pair<char32_t, CellBits>> cells;  ///< of what is visible
};

/// Reads the narrow characters of one of GRUB's fonts (PFF2: GRUB's manual for developers, "PFF2 Font File
/// Format"). Nothing when it is none, is damaged, or has higher characters than a cell holds.
std::optional<BitmapFont> read_grub_font(std::string_view file);

/// Finds the font of eight by sixteen pixels of a PC's video BIOS in its ROM, which is read from C0000h on:
/// it has the characters of code page 437 in order, sixteen bytes each (IBM VGA). Nothing when there is none.
std::optional<BitmapFont> find_vga_font(std::string_view rom);

}  // namespace lktest
