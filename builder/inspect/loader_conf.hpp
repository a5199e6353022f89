// SPDX-License-Identifier: MIT
#pragma once

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

/// Whether a `default` pattern of loader.conf matches one of these entries, given as file names.
bool names_an_entry(const std::string& pattern, const std::vector<std::string>& entries);

}  // namespace lktest
