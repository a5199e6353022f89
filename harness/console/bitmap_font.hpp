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

/// The pixels of a character: one byte per row of eight pixels, the leftmost in bit 7. Rows below the font's
/// height are zero.
using CellBits = std::array<std::uint8_t, 32>;

/// A font whose characters are eight pixels wide.
struct BitmapFont {
    unsigned height = 0;                               ///< of a cell, in pixels; at most 32
    std::vector<std::pair<char32_t, CellBits>> cells;  ///< the visible characters
};

/// Reads the narrow characters of one of GRUB's fonts (PFF2: GRUB's manual for developers, "PFF2 Font File
/// Format"). Unset if the file is not such a font, is damaged, or has characters larger than a cell.
std::optional<BitmapFont> read_grub_font(std::string_view file);

/// Finds the 8 by 16 font in the ROM of a PC's video BIOS, read from C0000h on. It has the characters of code
/// page 437 in order, sixteen bytes each (IBM VGA). Unset if there is none.
std::optional<BitmapFont> find_vga_font(std::string_view rom);

}  // namespace lktest
