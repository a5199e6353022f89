// SPDX-License-Identifier: MIT
#pragma once

#include <re2/re2.h>

#include <string_view>

namespace lktest {

// RE2 uses absl::string_view since its release 2023-06-01. In Debian 13 that is a separate class, which does
// not convert from or to std::string_view. Older releases have their own StringPiece.

inline re2::StringPiece to_re2(std::string_view text) {
    return {text.data(), text.size()};
}
inline std::string_view from_re2(re2::StringPiece text) {
    return {text.data(), text.size()};
}

}  // namespace lktest
