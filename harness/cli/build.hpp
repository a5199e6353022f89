// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "builder/base/platform.hpp"
#include "builder/build.hpp"

namespace CLI {
class App;
}

namespace lktest {

/// Options of `lktest build`.
struct BuildRequest {
    std::string recipe;  ///< a name or a path; if empty with a root, "this-system"
    Arch arch = host_arch();
    std::string root;                       ///< "system" or a path; empty: the recipe's
    std::string suite;                      ///< of the Debian archive; empty: the recipe's
    std::filesystem::path kernel, modules;  ///< instead of the recipe's kernel; may be empty
    std::filesystem::path output;
    std::optional<Format> format;  ///< unset to derive it from the output's name
    std::optional<std::uint64_t>
        source_date_epoch;         ///< seconds since 1970; unset for the variable or the recipe's
    std::optional<unsigned> jobs;  ///< unset for one per core
    bool verbose = false;
};

/// @param default_arch  this machine's architecture, as the help text names it
void add_build(CLI::App& app, BuildRequest& request, const std::string& default_arch);

/// Builds the ISO and shows progress on stderr.
BuildResult make_image(const BuildRequest& request);

/// Builds the ISO and prints its path. Returns the exit status.
int build(const BuildRequest& request);

}  // namespace lktest
