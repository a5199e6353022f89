// SPDX-License-Identifier: MIT
#include "harness/console/pixel_text.hpp"

#include <algorithm>
#include <bit>
#include <cctype>
#include <map>
#include <set>
#include <string_view>

#include "builder/base/utf8.hpp"

namespace lktest {
namespace {

constexpr std::size_t cell_width = 8;
/// Text has few colours; a photograph has thousands.
constexpr std::size_t most_colours = 64;
constexpr std::size_t fewest_pixels = 8;

/// The most frequent colours.
std::vector<std::uint32_t> colours_of(const PixelImage& image) {
    std::unordered_map<std::uint32_t, std::size_t> counts;
    for (const std::uint32_t pixel : image.pixels)
        ++counts[pixel];
    std::vector<std::pair<std::size_t, std::uint32_t>> sorted;
    for (const auto& [colour, count] : counts)
        if (count >= fewest_pixels)
            sorted.emplace_back(count, colour);
    std::ranges::sort(sorted, std::greater{});
    std::vector<std::uint32_t> colours;
    for (const auto& [count, colour] : sorted)
        if (colours.size() < most_colours)
            colours.push_back(colour);
    return colours;
}

/// A bitmap of the pixels of one colour. Each position gives eight pixels, with the pixel itself in bit 7.
class Mask {
public:
    Mask(const PixelImage& image, std::uint32_t colour) : width_(image.width), height_(image.height) {
        bytes_.resize(width_ * height_);
        for (std::size_t y = 0; y < height_; ++y) {
            unsigned window = 0;
            for (std::size_t x = width_; x-- > 0;) {
                window = window >> 1 | (image.pixels[y * width_ + x] == colour ? 0x80U : 0U);
                bytes_[y * width_ + x] = static_cast<std::uint8_t>(window);
            }
        }
    }
    bool at(std::size_t x, std::size_t y) const { return (bytes_[y * width_ + x] & 0x80) != 0; }
    CellBits cell(std::size_t x, std::size_t y, std::size_t rows) const {
        CellBits bits{};
        for (std::size_t row = 0; row < rows; ++row)
            bits[row] = bytes_[(y + row) * width_ + x];
        return bits;
    }

private:
    std::size_t width_, height_;
    std::vector<std::uint8_t> bytes_;
};

CellBits inverted(CellBits bits, unsigned height) {
    for (unsigned row = 0; row < height; ++row)
        bits[row] = static_cast<std::uint8_t>(~bits[row]);
    return bits;
}

/// Characters of one row of the picture, by their left edges.
using PictureRow = std::map<std::size_t, char32_t>;

/// A stroke in a picture may look like a simple character. Only a row with two adjacent letters or digits is
/// text.
bool is_text(const PictureRow& row) {
    const auto is_letter = [](char32_t c) { return c < 0x80 && std::isalnum(static_cast<int>(c)) != 0; };
    for (const auto& [x, c] : row)
        if (const auto next = row.find(x + cell_width);
            is_letter(c) && next != row.end() && is_letter(next->second))
            return true;
    return false;
}

std::string text_of(const PictureRow& row, std::size_t left) {
    std::string text;
    std::size_t at = left;
    for (const auto& [x, c] : row) {
        if (x < at)
            continue;  // overlaps the previous character
        text.append((x - at) / cell_width, ' ');
        append_utf8(text, c);
        at = x + cell_width;
    }
    return text;
}

}  // namespace

std::size_t PixelReader::Hash::operator()(const CellBits& bits) const noexcept {
    return std::hash<std::string_view>{}({reinterpret_cast<const char*>(bits.data()), bits.size()});
}

PixelReader::PixelReader(const BitmapFont& font) : height_(font.height) {
    std::set<Corner> corners;
    const auto add = [&](const CellBits& bits, char32_t character) {
        const auto first = std::ranges::find_if(bits, [](std::uint8_t row) { return row != 0; });
        if (first == bits.end())
            return;
        characters_.emplace(bits, character);
        corners.insert({static_cast<std::size_t>(first - bits.begin()),
                        static_cast<unsigned>(std::countl_zero(*first))});
    };
    for (const auto& [character, bits] : font.cells)
        add(bits, character);
    for (const auto& [character, bits] : font.cells)
        add(inverted(bits, height_), character);
    corners_.assign(corners.begin(), corners.end());
}

std::vector<std::string> PixelReader::rows(const PixelImage& image) const {
    // Keyed by the upper edge and the position of the left edge within a cell. All colours share the map,
    // because a menu entry may paint its shortcut key in another colour.
    std::map<std::pair<std::size_t, std::size_t>, PictureRow> found;
    for (const std::uint32_t colour : colours_of(image)) {
        const Mask mask(image, colour);
        for (std::size_t y = 0; y < image.height; ++y)
            for (std::size_t x = 0; x < image.width; ++x) {
                if (!mask.at(x, y) || (x > 0 && mask.at(x - 1, y) && y > 0 && mask.at(x, y - 1)))
                    continue;  // no character starts inside a solid area
                for (const Corner& corner : corners_) {
                    if (x < corner.column || y < corner.row)
                        continue;
                    const std::size_t left = x - corner.column, top = y - corner.row;
                    if (left + cell_width > image.width || top + height_ > image.height)
                        continue;
                    const auto character = characters_.find(mask.cell(left, top, height_));
                    if (character != characters_.end())
                        found[{top, left % cell_width}].emplace(left, character->second);
                }
            }
    }
    std::erase_if(found, [](const auto& row) { return !is_text(row.second); });
    std::size_t left = image.width;
    for (const auto& [place, row] : found)
        left = std::min(left, row.begin()->first);
    std::vector<std::string> rows;
    for (const auto& [place, row] : found)
        rows.push_back(text_of(row, left));
    return rows;
}

}  // namespace lktest
