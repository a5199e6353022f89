// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace lktest {

/// A kind of file of which lktest ships some and users write their own.
struct DataKind {
    std::string_view name;       ///< "scenario"
    std::string_view directory;  ///< below lktest's own data: "scenarios"
};
inline constexpr DataKind scenario_files{"scenario", "scenarios"};
inline constexpr DataKind recipe_files{"recipe", "builder/recipes"};

/// The names of lktest's own files of that kind, sorted: "boot".
std::vector<std::string> data_names(const DataKind& kind);

/// Resolves what the user typed. A word with a slash or the ending ".toml" is a path; any other word is the
/// name of one of lktest's own files. Throws a usage Error with the nearest name. The path need not exist.
std::filesystem::path find_data(const DataKind& kind, const std::string& word);

}  // namespace lktest
