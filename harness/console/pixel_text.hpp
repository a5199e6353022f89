// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "harness/console/bitmap_font.hpp"

namespace lktest {

/// A picture, row by row.
struct PixelImage {
    std::size_t width = 0, height = 0;
    std::vector<std::uint32_t> pixels;  ///< 0x00RRGGBB
};

/// Reads text that was drawn with the font anywhere in a picture, in one colour on any background or as a
/// hole in one colour. It compares pixel by pixel, so it reads a character exactly or not at all. Returns
/// rows in UTF-8 from top to bottom, with their common left margin removed; no rows if there is no text.
class PixelReader {
public:
    explicit PixelReader(const BitmapFont& font);

    std::vector<std::string> rows(const PixelImage& image) const;

private:
    struct Hash {
        std::size_t operator()(const CellBits& bits) const noexcept;
    };
    struct Corner {  ///< a character's first pixel, in the order of rows
        std::size_t row = 0;
        unsigned column = 0;
        auto operator<=>(const Corner&) const = default;
    };

    unsigned height_;
    std::unordered_map<CellBits, char32_t, Hash> characters_;
    std::vector<Corner> corners_;
};

}  // namespace lktest
