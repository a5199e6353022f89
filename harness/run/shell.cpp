// SPDX-License-Identifier: MIT
#include "harness/run/shell.hpp"

#include <algorithm>

namespace lktest {
namespace {

bool plain(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("%+,-./:=@_").find(c) != std::string_view::npos;
}

}  // namespace

std::string shell_word(std::string_view word) {
    if (!word.empty() && std::ranges::all_of(word, plain))
        return std::string(word);
    std::string quoted = "'";
    for (const char c : word) {
        if (c == '\'')
            quoted += "'\\''";
        else
            quoted += c;
    }
    return quoted + "'";
}

std::vector<std::string> without_options(const std::vector<std::string>& words,
                                         std::span<const std::string_view> options) {
    std::vector<std::string> rest;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string option = words[i].substr(0, words[i].find('='));
        if (std::ranges::find(options, option) == options.end())
            rest.push_back(words[i]);
        else if (option == words[i])
            ++i;
    }
    return rest;
}

}  // namespace lktest
