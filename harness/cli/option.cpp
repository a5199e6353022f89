// SPDX-License-Identifier: MIT
#include "harness/cli/option.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "builder/base/problem.hpp"

namespace lktest {
namespace {

CLI::Option* add(CLI::App& app, const std::string& name, const std::string& placeholder,
                 const std::string& description, const std::string& fallback, TakeValue take, bool once) {
    // "-j,--jobs": errors name the long form.
    CLI::callback_t each = [take = std::move(take), name = name.substr(name.rfind(',') + 1), placeholder,
                            once](const CLI::results_t& words) {
        if (once && words.size() > 1)
            throw usage_error(fmt::format("{} was given more than once", name), "give it once");
        for (const std::string& word : words) {
            if (word.empty())
                throw usage_error(fmt::format("{} has an empty value", name),
                                  fmt::format("give {} {}", name, placeholder));
            take(word);
        }
        return true;
    };
    CLI::Option* option = app.add_option(name, std::move(each), description);
    option->type_name(placeholder)->default_str(fallback)->allow_extra_args(false)->take_all();
    return option;
}

}  // namespace

CLI::Option* add_repeatable(CLI::App& app, const std::string& name, const std::string& placeholder,
                            const std::string& description, const std::string& fallback, TakeValue take) {
    return add(app, name, placeholder, description + ", repeatable", fallback, std::move(take), false);
}

CLI::Option* add_single(CLI::App& app, const std::string& name, const std::string& placeholder,
                        const std::string& description, const std::string& fallback, TakeValue take) {
    return add(app, name, placeholder, description, fallback, std::move(take), true);
}

std::vector<std::string> comma_separated(const std::string& words) {
    std::vector<std::string> parts;
    for (std::size_t begin = 0; begin <= words.size();) {
        const std::size_t end = std::min(words.find(',', begin), words.size());
        parts.push_back(words.substr(begin, end - begin));
        begin = end + 1;
    }
    return parts;
}

std::size_t choose(std::string_view option, std::string_view word, std::span<const std::string_view> words) {
    // Debian, Go and container registries use these names for the architectures.
    if (word == "amd64" || word == "arm64")
        if (const auto known = std::ranges::find(words, word == "amd64" ? "x86_64" : "aarch64");
            known != words.end())
            return static_cast<std::size_t>(known - words.begin());
    const auto found = std::ranges::find(words, word);
    if (found == words.end())
        throw usage_error(fmt::format("{} cannot be '{}'", option, word), suggestion(word, words));
    return static_cast<std::size_t>(found - words.begin());
}

std::uint64_t parse_number(std::string_view option, std::string_view word, std::uint64_t least,
                           std::uint64_t most) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (error != std::errc() || end != word.data() + word.size() || number < least || number > most)
        throw usage_error(fmt::format("{} cannot be '{}'", option, word),
                          fmt::format("use a whole number from {} to {}", least, most));
    return number;
}

std::uint64_t parse_size(std::string_view option, std::string_view word, std::uint64_t least,
                         std::uint64_t most) {
    const auto in_words = [](std::uint64_t bytes) {
        return bytes % (1 << 30) == 0 && bytes > 0 ? fmt::format("{}G", bytes >> 30)
                                                   : fmt::format("{}M", bytes >> 20);
    };
    const bool gibi = word.ends_with('G');
    const unsigned shift = gibi ? 30 : 20;
    std::uint64_t number = 0;
    const char* unit = word.data() + word.size() - (gibi || word.ends_with('M') ? 1 : 0);
    const auto [end, error] = std::from_chars(word.data(), unit, number);
    if (error != std::errc() || end != unit || unit == word.data() + word.size() || number > most >> shift ||
        number << shift < least)
        throw usage_error(
            fmt::format("{} cannot be '{}'", option, word),
            fmt::format("use {} to {}, such as {} 512M", in_words(least), in_words(most), option));
    return number << shift;
}

void set_sections(CLI::App& app, std::span<const OptionSection> sections) {
    for (const OptionSection& section : sections) {
        for (const char* name : section.everyday)
            if (CLI::Option* option = app.get_option_no_throw(name))
                option->group(section.title);
        for (const char* name : section.advanced)
            if (CLI::Option* option = app.get_option_no_throw(name))
                option->group(section.title + std::string(advanced_suffix));
    }
}

std::string alternatives(std::span<const std::string_view> words) {
    return fmt::format("{}", fmt::join(words, "|"));
}

}  // namespace lktest
