// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace lktest::results {

/// A saved run may come from a stranger. lktest follows no link in it, opens no device and no pipe, and takes
/// no more than this. SECURITY.md states the limits.
struct FileLimits {
    std::uintmax_t matrix = std::uintmax_t{64} << 20;  ///< bytes of matrix.json
    std::uintmax_t file = std::uintmax_t{4} << 30;     ///< bytes of each of a cell's files
    std::uintmax_t cell = std::uintmax_t{8} << 30;     ///< bytes of all of them
    std::size_t files = 1000;                          ///< of a cell
};

/// The text of a run's matrix.json, and the directory that it lies in.
struct MatrixFile {
    std::filesystem::path path;
    std::string text;
};

/// Finds matrix.json: `path` is the file, the run's directory, or a directory of runs; then the run is the
/// one that its link `latest` names. Throws a usage Error.
MatrixFile read_matrix(const std::filesystem::path& path, const FileLimits& limits = {});

/// Whether a run's directory can have a directory of this name for a cell: one plain name, and none of the
/// run's own files.
bool is_cell_directory(const std::string& name);

/// Copies the regular files of a cell's directory: under a second name where the file system can.
/// @param run, cell  the run's directory and the cell's name
/// @return the files that were left out, each with the reason. Throws a host Error if `to` cannot be written.
std::vector<std::string> copy_cell(const std::filesystem::path& run, const std::string& cell,
                                   const std::filesystem::path& to, const FileLimits& limits = {});

}  // namespace lktest::results
