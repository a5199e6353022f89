// SPDX-License-Identifier: MIT
#include "harness/matrix/plain_name.hpp"

#include <algorithm>
#include <string_view>

namespace lktest {

bool is_plain(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("+._-").find(c) != std::string_view::npos;
}

std::string plain_stem(const std::filesystem::path& path) {
    std::string stem = path.stem().string().substr(0, longest_name);
    std::ranges::replace_if(
        stem, [](char c) { return !is_plain(c); }, '-');
    return stem.erase(0, stem.find_first_not_of(".-"));
}

}  // namespace lktest
