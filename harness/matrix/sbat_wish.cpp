// SPDX-License-Identifier: MIT
#include "harness/matrix/sbat_wish.hpp"

#include <algorithm>

#include "firmware/secure_keys.hpp"

namespace lktest {

std::optional<std::string> sbat_wish(const std::string& word, const std::filesystem::path& directory) {
    constexpr std::size_t date = 10;  // 2025021800
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    if (word == no_sbat || word == latest_sbat ||
        (word.size() == date && std::ranges::all_of(word, is_digit)))
        return word;
    const std::filesystem::path file = directory / word;
    std::error_code none;
    return std::filesystem::is_regular_file(file, none) ? std::optional(file.string()) : std::nullopt;
}

}  // namespace lktest
