// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace lktest {

/// An archive of Debian packages and one of its suites, as sources.list(5) names them.
struct AptSource {
    std::string uri;  ///< ends in "/"
    std::string suite;
    std::string components;  ///< "main contrib"
    std::string signed_by;   ///< file names, or a key as deb822 has it; may be empty

    bool operator==(const AptSource&) const = default;
};

/// The enabled sources of binary packages in a file of one-line style, and in one of deb822 style.
std::vector<AptSource> parse_source_list(std::string_view text);
std::vector<AptSource> parse_deb822_sources(std::string_view text);

/// The sources below a directory such as /etc/apt.
std::vector<AptSource> read_apt_sources(const std::filesystem::path& etc_apt);

/// Where all packages of one suite may be, with its updates and security updates, and for backports the suite
/// they are made for. A suite that is not among the machine's is looked for in the same archives, so that not
/// every one of these needs to exist.
std::vector<AptSource> sources_of_suite(const std::vector<AptSource>& machine, const std::string& suite);

/// Whether a text can be the name of a suite: it becomes part of a path and of a URI.
bool is_suite_name(std::string_view name);

/// The suite that backports are made for: "trixie" of "trixie-backports"; other names stay.
std::string base_suite(const std::string& suite);

/// apt_preferences(5) for packages of one suite. Backports have the lowest priority by themselves, so they
/// are preferred here. A suite is not: its security updates, whose name differs, must have the same priority.
std::string suite_preferences(const std::string& suite);

/// deb822 text of the sources.
std::string as_deb822(const std::vector<AptSource>& sources);

}  // namespace lktest
