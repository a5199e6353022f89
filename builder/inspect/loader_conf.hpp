// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lktest {

/// systemd-boot's /loader/loader.conf, as far as it decides what boots.
struct LoaderConf {
    std::string pattern;   ///< `default`; may be empty
    std::size_t line = 0;  ///< of it
};
LoaderConf parse_loader_conf(std::string_view text);

/// The value of a key in one of /loader/entries; the last one counts.
std::string loader_entry_value(std::string_view text, std::string_view key);

/// The boot counter in an entry's file name: 3 in "live+3-1.conf". Unset if it has none.
std::optional<unsigned> tries_left(std::string_view file_name);

/// Whether a `default` pattern of loader.conf matches one of these entries, given as file names.
bool names_an_entry(const std::string& pattern, const std::vector<std::string>& entries);

}  // namespace lktest
