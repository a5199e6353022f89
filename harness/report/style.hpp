// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace lktest {

/// The abilities of the reader's terminal or file.
struct Style {
    bool colour = false;
    bool unicode = true;  ///< false: every character is ASCII
    std::size_t width = 80, height = 24;
    bool shorten = true;  ///< false: lines may be wider than that; nothing is clipped or omitted
};

/// Why a piece of text is highlighted; paint() has the colours.
enum class Tone { plain, strong, dim, good, bad, fault, busy };

struct Span {
    std::string text;  ///< printable
    Tone tone = Tone::plain;
};

/// A line of a report before it is painted.
using Line = std::vector<Span>;

/// The line for the reader's terminal, without trailing spaces and without a newline.
/// @param width  clips the line to this many columns; 0 means no limit
std::string paint(const Line& line, const Style& style, std::size_t width = 0);

/// Breaks printable text at spaces into lines of at most `width` columns; a longer word stays whole.
std::vector<std::string> wrap(std::string_view text, std::size_t width);

/// "1 file", "2 files". The word's plural must end in s.
std::string counted(std::size_t number, std::string_view word);

/// Breaks printable text into lines of at most `width` columns and keeps its inner spaces: at a space
/// in the second half of a line, or else anywhere. At least one line.
std::vector<std::string> fold(std::string_view text, std::size_t width);

}  // namespace lktest
