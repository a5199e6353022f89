// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace lktest::results {

/// Where runs are written and looked for, relative to the working directory.
constexpr const char* default_directory = "lktest-results";

/// Limits on a saved run, which is untrusted. lktest does not follow links in it or open devices and pipes.
/// SECURITY.md lists the limits.
struct FileLimits {
    std::uintmax_t matrix = std::uintmax_t{64} << 20;  ///< bytes of matrix.json
    std::uintmax_t file = std::uintmax_t{4} << 30;     ///< bytes of each of a cell's files
    std::uintmax_t cell = std::uintmax_t{8} << 30;     ///< bytes of all of them
    std::size_t files = 1000;                          ///< of a cell
};

/// The text of a run's matrix.json, and its directory.
struct MatrixFile {
    std::filesystem::path path;
    std::string text;
};

/// Finds matrix.json. `path` is the file, the run's directory, or a directory of runs, whose link `latest`
/// names the run. Throws a usage Error.
MatrixFile read_matrix(const std::filesystem::path& path, const FileLimits& limits = {});

/// Whether a cell's directory can have this name: one plain name, but not that of a file of the run.
bool is_cell_directory(const std::string& name);

/// Copies the regular files of a cell's directory, as hard links if the file system allows it.
/// @param run, cell  the run's directory and the cell's name
/// @return the omitted files, each with the reason. Throws a host Error if `to` cannot be written.
std::vector<std::string> copy_cell(const std::filesystem::path& run, const std::string& cell,
                                   const std::filesystem::path& to, const FileLimits& limits = {});

}  // namespace lktest::results
