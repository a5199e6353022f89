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
        const bool has_value = std::ranges::any_of(options, [&](std::string_view short_form) {
            return short_form.size() == 2 && words[i].size() > 2 && words[i].starts_with(short_form);  // -j4
        });
        if (has_value)
            continue;
        if (std::ranges::find(options, option) == options.end())
            rest.push_back(words[i]);
        else if (option == words[i])
            ++i;
    }
    return rest;
}

}  // namespace lktest
