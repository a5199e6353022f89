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

// One definition of an option produces its help line, its part of the man page and its completion. All three
// show CLI11's type name as the placeholder, and completion follows it: "bios|uefi" means exactly these
// words, FILE, ISO and DIR a path, SCENARIO and RECIPE a name of one of lktest's data files. Anything else
// (N, SECONDS, URI) is free text.

/// Receives one value of an option; throws a usage Error if the value is not valid.
using TakeValue = std::function<void(const std::string&)>;

/// An option that can be repeated; `take` receives each value.
/// @param name  "--jobs", or with a short form "-j,--jobs"
/// @param fallback  the default, as the help describes it
CLI::Option* add_repeatable(CLI::App& app, const std::string& name, const std::string& placeholder,
                            const std::string& description, const std::string& fallback, TakeValue take);

/// An option that can be given once.
CLI::Option* add_single(CLI::App& app, const std::string& name, const std::string& placeholder,
                        const std::string& description, const std::string& fallback, TakeValue take);

/// A section of a help text. `--help` shows its everyday options, `--help-all` and the man page all of them.
struct OptionSection {
    std::string title;
    std::vector<const char*> everyday, advanced;
};

/// The ending of the name of a section's advanced part.
constexpr std::string_view advanced_suffix = " (advanced)";

/// Assigns the options of `app` to sections. Names that `app` lacks are skipped, so commands can share a
/// table.
void set_sections(CLI::App& app, std::span<const OptionSection> sections);

/// The index of `word` in `words`. Throws a usage Error with the nearest word if it is not among them.
std::size_t choose(std::string_view option, std::string_view word, std::span<const std::string_view> words);

/// Parses a whole number. Throws a usage Error if it is not one, or out of range.
std::uint64_t parse_number(std::string_view option, std::string_view word, std::uint64_t least,
                           std::uint64_t most);

/// Parses a size such as 512M or 2G. Throws a usage Error if it is not one, or out of range.
/// @param least, most  bytes
std::uint64_t parse_size(std::string_view option, std::string_view word, std::uint64_t least,
                         std::uint64_t most);

/// The names of values that have a name: all_names(all_arches).
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

/// The parts of "bios,uefi", in order.
std::vector<std::string> comma_separated(const std::string& words);

/// A repeatable option whose values are some of `all`; commas separate several in one word.
template <typename Values, typename T>
CLI::Option* add_choices(CLI::App& app, const std::string& option, const Values& all, std::vector<T>& into,
                         const std::string& description, const std::string& fallback) {
    const std::vector<std::string_view> names = all_names(all);
    return add_repeatable(app, option, alternatives(names), description, fallback,
                          [&into, &all, names, option](const std::string& word) {
                              const std::string long_form = option.substr(option.rfind(',') + 1);
                              for (const std::string& one : comma_separated(word))
                                  into.push_back(all[choose(long_form, one, names)]);
                          });
}

}  // namespace lktest
