// SPDX-License-Identifier: MIT
#include "builder/base/printable.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <span>

namespace lktest {
namespace {

struct Range {
    char32_t first, last;
};

bool within(char32_t point, std::span<const Range> ranges) {
    return std::ranges::any_of(ranges, [point](Range r) { return r.first <= point && point <= r.last; });
}

/// Code points that are invisible, or that change how others are displayed: C0 and C1
/// controls, bidirectional marks and overrides, line and paragraph separators, tags.
constexpr std::array hidden{
    Range{0x00, 0x1f},     Range{0x7f, 0x9f},     Range{0xad, 0xad},     Range{0x61c, 0x61c},
    Range{0x180e, 0x180e}, Range{0x200b, 0x200f}, Range{0x2028, 0x202e}, Range{0x2060, 0x206f},
    Range{0xfdd0, 0xfdef}, Range{0xfeff, 0xfeff}, Range{0xfff0, 0xfffb}, Range{0xe0000, 0xe0fff},
};

/// Unicode's combining marks of the blocks that consist of nothing else, and variation selectors.
constexpr std::array combining{
    Range{0x300, 0x36f},   Range{0x1ab0, 0x1aff}, Range{0x1dc0, 0x1dff},
    Range{0x20d0, 0x20ff}, Range{0xfe00, 0xfe0f}, Range{0xfe20, 0xfe2f},
};

/// East Asian Wide and Fullwidth, by block (Unicode Standard Annex 11), and emoji.
constexpr std::array wide{
    Range{0x1100, 0x115f},   Range{0x2e80, 0xa4cf},   Range{0xac00, 0xd7a3},   Range{0xf900, 0xfaff},
    Range{0xfe30, 0xfe6f},   Range{0xff00, 0xff60},   Range{0xffe0, 0xffe6},   Range{0x1f300, 0x1f64f},
    Range{0x1f680, 0x1f6ff}, Range{0x1f900, 0x1faff}, Range{0x20000, 0x3fffd},
};

/// The last two code points of each plane are not characters, and not valid in XML.
bool noncharacter(char32_t point) {
    return (point & 0xfffe) == 0xfffe;
}

std::size_t columns_of(char32_t point) {
    if (within(point, combining))
        return 0;
    return within(point, wide) ? 2 : 1;
}

}  // namespace

CodePoint first_code_point(std::string_view text) {
    constexpr CodePoint invalid{0xfffd, 1, false};
    const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned lead = byte(0);
    if (lead < 0x80)
        return {lead, 1, true};
    const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || text.size() < size)
        return invalid;
    char32_t point = lead & (0x7fU >> size);
    for (std::size_t i = 1; i < size; ++i) {
        if ((byte(i) & 0xc0) != 0x80)
            return invalid;
        point = point << 6 | (byte(i) & 0x3fU);
    }
    constexpr std::array<char32_t, 5> least{0, 0, 0x80, 0x800, 0x10000};
    if (point < least[size] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
        return invalid;
    return {point, size, true};
}

std::string printable(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const CodePoint point = first_code_point(text);
        if (point.value == '\t')
            out += ' ';
        else if (!point.valid || (point.value < 0x80 && within(point.value, hidden)))
            fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(text[0]));
        else if (within(point.value, hidden) || noncharacter(point.value))
            fmt::format_to(std::back_inserter(out), "\\u{{{:x}}}", static_cast<std::uint32_t>(point.value));
        else
            out += text.substr(0, point.size);
        text.remove_prefix(point.size);
    }
    return out;
}

std::size_t columns(std::string_view text) {
    std::size_t width = 0;
    while (!text.empty()) {
        const CodePoint point = first_code_point(text);
        width += columns_of(point.value);
        text.remove_prefix(point.size);
    }
    return width;
}

std::string clip(std::string_view text, std::size_t width) {
    if (columns(text) <= width)
        return std::string(text);
    if (width == 0)
        return {};
    std::size_t used = 0, end = 0;
    while (end < text.size()) {
        const CodePoint point = first_code_point(text.substr(end));
        if (used + columns_of(point.value) > width - 1)
            break;
        used += columns_of(point.value);
        end += point.size;
    }
    return std::string(text.substr(0, end)) + "…";
}

}  // namespace lktest
