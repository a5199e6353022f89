// SPDX-License-Identifier: MIT
#include "builder/inspect/config_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "builder/inspect/path_lookup.hpp"

namespace lktest {
namespace {

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

bool is_utf16(std::string_view text) {
    return text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff") ||
           (text.size() > 8 && text[1] == '\0' && text[3] == '\0' && text[5] == '\0');
}

/// Quotes and dashes that an editor or a web page wrote for " ' and -.
constexpr std::array<std::string_view, 8> typographic{"\xe2\x80\x9c", "\xe2\x80\x9d", "\xe2\x80\x9e",
                                                      "\xe2\x80\x98", "\xe2\x80\x99", "\xe2\x80\x93",
                                                      "\xe2\x80\x94", "\xe2\x88\x92"};

bool begins_typographic(std::string_view text) {
    return std::ranges::any_of(typographic, [text](auto mark) { return text.starts_with(mark); });
}

/// Whether a word outside of quotes begins with such a character.
bool has_typographic_word(std::string_view line) {
    char quote = 0, before = ' ';
    for (std::size_t i = 0; i < line.size(); ++i) {
        const char c = line[i];
        if (quote != 0) {
            quote = c == quote ? 0 : quote;
        } else if (c == '"' || c == '\'') {
            quote = c;
        } else if (c == '#' && before == ' ') {
            return false;
        } else if ((before == ' ' || before == '\t' || before == '=') && begins_typographic(line.substr(i))) {
            return true;
        }
        before = c;
    }
    return false;
}

/// Whether its value is for a person to read, and may have any characters.
bool is_prose(BootLoader loader, std::string_view line) {
    const auto words = words_of(line);
    if (words.empty())
        return true;
    const std::string first = lower_case(words[0]);
    if (loader == BootLoader::grub)
        return first == "echo";
    constexpr std::array<std::string_view, 8> commands{"append", "kernel",  "linux",   "initrd",
                                                       "loader", "options", "cmdline", "fdt"};
    return std::ranges::none_of(commands, [&first](std::string_view command) {
        return first == command || first == fmt::format("{}:", command);
    });
}

std::optional<ConfigFault> judge_mark(std::string_view text) {
    text.remove_prefix(byte_order_mark.size());
    const std::string_view line = text.substr(0, text.find('\n'));
    const auto words = words_of(line);
    if (words.empty() || words[0].starts_with('#'))
        return std::nullopt;
    return ConfigFault{"config-byte-order-mark", 1,
                       fmt::format("the file begins with a byte order mark (EF BB BF), which becomes part of "
                                   "its first word: '{}' is not recognised.",
                                   words[0]),
                       "Save the file as UTF-8 without a byte order mark."};
}

}  // namespace

std::vector<ConfigFault> judge_text(BootLoader loader, std::string_view text) {
    constexpr std::size_t line_count_limit = 4000;
    if (is_utf16(text))
        return {
            {"config-utf16", 1,
             fmt::format("the file is UTF-16 text, of which {} does not understand a line.", name(loader)),
             "Save it as UTF-8 or ASCII: iconv -f UTF-16 -t UTF-8."}};
    std::vector<ConfigFault> faults;
    if (text.starts_with(byte_order_mark))
        if (auto fault = judge_mark(text))
            faults.push_back(std::move(*fault));
    for (std::size_t number = 1; !text.empty() && number < line_count_limit; ++number) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        if (is_prose(loader, line) || !has_typographic_word(line))
            continue;
        faults.push_back(
            {"config-typographic", number,
             fmt::format("the line has typographic quotes or dashes, which {} takes for letters: "
                         "the command gets wrong arguments.",
                         name(loader)),
             "Write the plain characters \", ' and -."});
        break;
    }
    return faults;
}

}  // namespace lktest
