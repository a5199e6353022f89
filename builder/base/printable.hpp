// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace lktest {

/// Text that came from a guest or a stranger's file, made harmless: UTF-8 on one line that
/// moves no cursor and reorders nothing, and that XML and JSON can hold. Control characters
/// and bytes that are no UTF-8 become "\x1b", invisible and reordering code points
/// "\u{202e}", a tab becomes a space. Everything else stays as it is.
std::string printable(std::string_view text);

/// How many columns a terminal needs for printable text: 2 for wide characters, 0 for combining ones.
std::size_t columns(std::string_view text);

/// The longest beginning of printable text that fits into `width` columns; ends in "…" when cut.
std::string clip(std::string_view text, std::size_t width);

/// Takes the next code point off the front of `text`; U+FFFD and one byte when it is no UTF-8 (RFC 3629).
struct CodePoint {
    char32_t value = 0;
    std::size_t size = 1;  ///< bytes
    bool valid = true;
};
CodePoint first_code_point(std::string_view text);

}  // namespace lktest
