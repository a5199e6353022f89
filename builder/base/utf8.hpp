// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace lktest {

/// Adds a code point in UTF-8 (RFC 3629): one of up to 10FFFFh, and not half of a surrogate pair.
void append_utf8(std::string& text, char32_t point);

}  // namespace lktest
