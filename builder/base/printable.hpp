// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace lktest {

/// Makes text from a guest or an untrusted file harmless: UTF-8 on one line that does not move the cursor or
/// reorder text, and that XML and JSON can hold. Control characters and invalid bytes become "\x1b",
/// invisible and reordering code points "\u{202e}", and tabs spaces. Everything else is unchanged.
std::string printable(std::string_view text);

/// How many columns a terminal needs for printable text: 2 for wide characters, 0 for combining ones.
std::size_t columns(std::string_view text);

/// The longest beginning of printable text that fits into `width` columns; ends in "…" if cut.
std::string clip(std::string_view text, std::size_t width);

/// Removes the next code point from the front of `text`. Returns U+FFFD and one byte if it is not UTF-8 (RFC
/// 3629).
struct CodePoint {
    char32_t value = 0;
    std::size_t size = 1;  ///< bytes
    bool valid = true;
};
CodePoint first_code_point(std::string_view text);

}  // namespace lktest
