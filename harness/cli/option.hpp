// SPDX-License-Identifier: MIT
#pragma once

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lktest {

// One definition of an option gives its help line, its part of the man page and its completion.
// CLI11's type name is the placeholder that all three show, and says what may stand there:
// "bios|uefi" exactly these words, FILE, ISO and DIR a path, SCENARIO and RECIPE a name of our own
// data files, anything else (N, SECONDS, URI) free text.

/// Takes one value of an option; throws a usage Error when it is not good.
using TakeValue = std::function<void(const std::string&)>;

/// An option that may be given many times; `take` sees each value.
/// @param fallback  what happens without it, in words
CLI::Option* add_repeatable(CLI::App& app, const std::string& name, const std::string& placeholder,
                            const std::string& description, const std::string& fallback, TakeValue take);

/// An option that may be given once.
CLI::Option* add_single(CLI::App& app, const std::string& name, const std::string& placeholder,
                        const std::string& description, const std::string& fallback, TakeValue take);

/// The index of `word` in `words`; throws a usage Error with the nearest of them when it is none.
std::size_t choose(std::string_view option, std::string_view word, std::span<const std::string_view> words);

/// A whole number; throws a usage Error when it is none, or out of range.
std::uint64_t parse_number(std::string_view option, std::string_view word, std::uint64_t least,
                           std::uint64_t most);

/// The names of values that have one: all_names(all_arches).
template <typename Values>
std::vector<std::string_view> all_names(const Values& values) {
    std::vector<std::string_view> names;
    names.reserve(std::size(values));
    for (const auto& value : values)
        names.push_back(name(value));
    return names;
}

/// "x86_64|aarch64"
std::string alternatives(std::span<const std::string_view> words);

/// A repeatable option whose values are some of `all`.
template <typename Values, typename T>
CLI::Option* add_choices(CLI::App& app, const std::string& option, const Values& all, std::vector<T>& into,
                         const std::string& description, const std::string& fallback) {
    const std::vector<std::string_view> names = all_names(all);
    return add_repeatable(app, option, alternatives(names), description, fallback,
                          [&into, &all, names, option](const std::string& word) {
                              into.push_back(all[choose(option, word, names)]);
                          });
}

}  // namespace lktest
