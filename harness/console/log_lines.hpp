// SPDX-License-Identifier: MIT
// The lines of a saved log, before anything is known of their format.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace lktest {

/// Calls `take(number, line, ended)` for each line, without its newline, until it returns false.
template <typename Take>
void for_each_line(std::string_view bytes, Take take) {
    for (std::size_t number = 1; !bytes.empty(); ++number) {
        const std::size_t end = std::min(bytes.find('\n'), bytes.size());
        if (!take(number, bytes.substr(0, end), end < bytes.size()))
            return;
        bytes.remove_prefix(std::min(end + 1, bytes.size()));
    }
}

inline std::string_view without_return(std::string_view line) {
    while (line.ends_with('\r'))
        line.remove_suffix(1);
    return line;
}

}  // namespace lktest
