// SPDX-License-Identifier: MIT
#include "builder/inspect/loader_conf.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <charconv>

#include "builder/inspect/boot_config.hpp"
#include "builder/inspect/path_lookup.hpp"

namespace lktest {

LoaderConf parse_loader_conf(std::string_view text) {
    constexpr std::size_t loader_conf_limit = 64 << 10;
    LoaderConf conf;
    std::size_t number = 0;
    for (text = text.substr(0, loader_conf_limit); !text.empty();) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        ++number;
        const auto words = words_of(line);
        if (words.size() >= 2 && words[0] == "default")
            conf = {std::string(words[1].substr(0, 256)), number};
    }
    return conf;
}

std::string loader_entry_value(std::string_view text, std::string_view key) {
    constexpr std::size_t entry_limit = 1 << 20;
    std::string value;
    for (text = text.substr(0, entry_limit); !text.empty();) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        const auto words = words_of(line);
        if (words.size() >= 2 && words[0] == key)
            value = words[1];
    }
    return value;
}

std::optional<unsigned> tries_left(std::string_view file_name) {
    file_name = file_name.substr(0, file_name.rfind('.'));
    const std::size_t plus = file_name.rfind('+');
    if (plus == std::string_view::npos)
        return std::nullopt;
    const std::string_view counter = file_name.substr(plus + 1);
    const std::string_view left = counter.substr(0, counter.find('-'));
    const std::string_view done = counter.substr(std::min(left.size(), counter.size()));
    const auto digits = [](std::string_view text) {
        return !text.empty() && text.size() < 9 &&
               text.find_first_not_of("0123456789") == std::string_view::npos;
    };
    if (!digits(left) || (!done.empty() && !digits(done.substr(1))))
        return std::nullopt;
    unsigned number = 0;
    std::from_chars(left.data(), left.data() + left.size(), number);
    return number;
}

bool names_an_entry(const std::string& pattern, const std::vector<std::string>& entries) {
    // "@saved" is in the firmware's variables; "auto-…" entries are made by systemd-boot itself.
    if (pattern.empty() || pattern.starts_with("@") || pattern.starts_with("auto-"))
        return true;
    const std::string wanted = lower_case(pattern);
    return std::ranges::any_of(entries, [&](const std::string& entry) {
        std::string id = lower_case(entry);
        const std::string_view extension = id.ends_with(".efi") ? ".efi" : ".conf";
        // "entry+3.conf" has a boot counter; its name is "entry.conf".
        if (const std::size_t plus = id.rfind('+'); plus != std::string::npos && id.ends_with(extension))
            id = id.substr(0, plus) + std::string(extension);
        const std::string bare = id.substr(0, id.size() - std::min(id.size(), extension.size()));
        return ::fnmatch(wanted.c_str(), id.c_str(), 0) == 0 ||
               ::fnmatch(wanted.c_str(), bare.c_str(), 0) == 0;
    });
}

}  // namespace lktest
