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

/// What the user asked of `lktest build`.
struct BuildRequest {
    std::string recipe;  ///< a name or a path; empty with a root: "this-system"
    Arch arch = host_arch();
    std::string root;  ///< "system" or a path; empty: the recipe's
    std::filesystem::path output;
    std::optional<Format> format;  ///< nothing: as the output's name says
    std::optional<std::uint64_t>
        source_date_epoch;         ///< seconds since 1970; nothing: the variable, or the recipe's
    std::optional<unsigned> jobs;  ///< nothing: every core
    bool verbose = false;
};

/// @param default_arch  this machine's, in words
void add_build(CLI::App& app, BuildRequest& request, const std::string& default_arch);

/// Builds the ISO, and shows how far it has come on the standard error.
BuildResult make_image(const BuildRequest& request);

/// Builds the ISO, and prints which. Returns the exit status.
int build(const BuildRequest& request);

}  // namespace lktest
