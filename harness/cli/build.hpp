// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "builder/base/platform.hpp"

namespace CLI {
class App;
}

namespace lktest {

/// What the user asked of `lktest build`.
struct BuildRequest {
    std::string recipe;  ///< a name or a path
    Arch arch = host_arch();
    std::filesystem::path output;
    std::optional<std::uint64_t>
        source_date_epoch;         ///< seconds since 1970; nothing: the variable, or the recipe's
    std::optional<unsigned> jobs;  ///< nothing: every core
    bool verbose = false;
};

/// @param default_arch  this machine's, in words
void add_build(CLI::App& app, BuildRequest& request, const std::string& default_arch);

/// Builds the ISO. Returns the exit status.
int build(const BuildRequest& request);

}  // namespace lktest
