// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace lktest {

/// A kind of file that lktest brings some of, and users write others of.
struct DataKind {
    std::string_view name;       ///< "scenario"
    std::string_view directory;  ///< below lktest's own data: "scenarios"
};
inline constexpr DataKind scenario_files{"scenario", "scenarios"};
inline constexpr DataKind recipe_files{"recipe", "builder/recipes"};

/// The names of lktest's own files of that kind, sorted: "boot".
std::vector<std::string> data_names(const DataKind& kind);

/// The file that a user means: a path when it has a slash or ends in ".toml", or else one of
/// lktest's own by its name. Throws a usage Error with the nearest name. The path need not exist.
std::filesystem::path find_data(const DataKind& kind, const std::string& word);

}  // namespace lktest
