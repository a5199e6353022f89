// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "builder/build.hpp"

namespace lktest {

/// 9999-12-31, the last day that ISO 9660 can express (ECMA-119, 8.4.26.1).
inline constexpr std::uint64_t last_source_date = 253402300799;

/// Options of `lktest build`.
struct BuildRequest {
    std::string recipe;  ///< a name or a path; if empty with a root, "this-system"
    Arch arch = host_arch();
    std::string root;                       ///< "system" or a path; empty for the recipe's root
    std::string suite;                      ///< of the Debian archive; empty for the recipe's
    std::filesystem::path kernel, modules;  ///< instead of the recipe's kernel; may be empty
    std::filesystem::path output;
    std::optional<Format> format;  ///< unset to derive it from the output's name
    std::optional<std::uint64_t>
        source_date_epoch;                    ///< seconds since 1970; unset for the variable or the recipe's
    std::optional<std::uint64_t> cache_size;  ///< bytes; unset for the builder's default
    std::optional<unsigned> jobs;             ///< unset for one per core
    bool verbose = false;
};

/// Builds the ISO and shows progress on stderr.
BuildResult make_image(const BuildRequest& request);

}  // namespace lktest
