// SPDX-License-Identifier: MIT
#include "harness/console/bitmap_font.hpp"

#include <algorithm>

namespace lktest {
namespace {

constexpr unsigned cell_width = 8;

bool visible(const CellBits& bits) {
    return std::ranges::any_of(bits, [](std::uint8_t row) { return row != 0; });
}

/// A big-endian number; unset if the bytes end before it does.
std::optional<std::uint32_t> number(std::string_view bytes, std::size_t at, std::size_t size) {
    if (at > bytes.size() || bytes.size() - at < size)
        return std::nullopt;
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < size; ++i)
        value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
    return value;
}

/// Finds a section before the character data. Sizes do not include the section's name and size.
std::string_view section(std::string_view file, std::string_view name) {
    for (std::size_t at = 0;;) {
        const auto size = number(file, at + 4, 4);
        if (!size || file.substr(at, 4) == "DATA" || *size > file.size() - at - 8)
            return {};
        if (file.substr(at, 4) == name)
            return file.substr(at + 8, *size);
        at += 8 + *size;
    }
}

/// Reads the character at an offset of the file: its width, height, left and lower edge and advance, 16 bits
/// each, then its bits, row by row without padding.
std::optional<CellBits> character(std::string_view file, std::size_t at, int ascent, unsigned height) {
    constexpr std::size_t header = 10;
    const auto half = [&](std::size_t index) {
        return static_cast<std::int16_t>(number(file, at + 2 * index, 2).value_or(0));
    };
    const int width = half(0), rows = half(1), left = half(2), bottom = half(3), advance = half(4);
    const int top = ascent - bottom - rows;
    if (advance != cell_width || width <= 0 || rows <= 0 || left < 0 || left + width > advance || top < 0 ||
        top + rows > static_cast<int>(height))
        return std::nullopt;
    CellBits cell{};
    std::size_t bit = 0;
    for (int y = top; y < top + rows; ++y)
        for (int x = left; x < left + width; ++x, ++bit) {
            const auto byte = number(file, at + header + bit / 8, 1);
            if (!byte)
                return std::nullopt;
            if ((*byte >> (7 - bit % 8) & 1) != 0)
                cell[static_cast<std::size_t>(y)] |= static_cast<std::uint8_t>(0x80 >> x);
        }
    return cell;
}

}  // namespace

std::optional<BitmapFont> read_grub_font(std::string_view file) {
    constexpr std::size_t entry = 9;  // code point, flags (packed: unused), offset
    constexpr std::size_t most = 70'000;
    if (!file.starts_with("FILE") || section(file, "FILE") != "PFF2")
        return std::nullopt;
    const auto ascent = number(section(file, "ASCE"), 0, 2), descent = number(section(file, "DESC"), 0, 2);
    const std::string_view index = section(file, "CHIX");
    BitmapFont font;
    if (!ascent || !descent || *ascent + *descent == 0 || *ascent + *descent > CellBits().size())
        return std::nullopt;
    font.height = *ascent + *descent;
    for (std::size_t at = 0; at + entry <= index.size() && font.cells.size() < most; at += entry) {
        const auto bits =
            character(file, number(index, at + 5, 4).value_or(0), static_cast<int>(*ascent), font.height);
        if (bits && visible(*bits))
            font.cells.emplace_back(static_cast<char32_t>(number(index, at, 4).value_or(0)), *bits);
    }
    return font.cells.empty() ? std::nullopt : std::optional(std::move(font));
}

std::optional<BitmapFont> find_vga_font(std::string_view rom) {
    constexpr std::size_t height = 16;
    using namespace std::string_view_literals;
    // 'A' followed by 'B'.
    constexpr std::string_view letters =
        "\x00\x00\x10\x38\x6c\xc6\xc6\xfe\xc6\xc6\xc6\xc6\x00\x00\x00\x00"
        "\x00\x00\xfc\x66\x66\x66\x7c\x66\x66\x66\x66\xfc\x00\x00\x00\x00"sv;
    const std::size_t at = rom.find(letters);
    constexpr std::size_t characters = 256;
    if (at == rom.npos || at < 'A' * height || rom.size() - at < (characters - 'A') * height)
        return std::nullopt;
    BitmapFont font{.height = height, .cells = {}};
    for (std::size_t code = '!'; code <= '~'; ++code) {
        CellBits bits{};
        for (std::size_t row = 0; row < height; ++row)
            bits[row] = static_cast<std::uint8_t>(rom[at - ('A' - code) * height + row]);
        if (visible(bits))
            font.cells.emplace_back(static_cast<char32_t>(code), bits);
    }
    return font;
}

}  // namespace lktest
