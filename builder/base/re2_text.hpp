// SPDX-License-Identifier: MIT
#pragma once

#include <re2/re2.h>

#include <string_view>

namespace lktest {

// RE2 takes absl::string_view since its release 2023-06-01. Debian 13 builds Abseil so that this is a class
// of its own, which neither converts from nor to std::string_view. Older releases have a StringPiece of their
// own.

inline re2::StringPiece to_re2(std::string_view text) {
    return {text.data(), text.size()};
}
inline std::string_view from_re2(re2::StringPiece text) {
    return {text.data(), text.size()};
}

}  // namespace lktest
