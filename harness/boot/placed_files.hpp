// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include "harness/scenario/files.hpp"

namespace lktest {

/// A file that a scenario puts somewhere: its absolute path there, and the file with its content.
struct PlacedFile {
    std::filesystem::path inside, from;
};

/// Resolves a scenario's list into single files.
/// @param whose    for messages: "the disk 'data'"
/// @param medium   the ISO that "medium" refers to
/// @param scratch  an empty directory for generated files
/// Throws a usage Error if a file does not exist.
std::vector<PlacedFile> place_files(const FileList& files, std::string_view whose,
                                    const std::filesystem::path& medium,
                                    const std::filesystem::path& scratch);

/// Copies a file sparsely, sharing its content if the file system can.
void copy_sparse(const std::filesystem::path& from, const std::filesystem::path& to);

/// Copies them below the directory.
void copy_files(const std::vector<PlacedFile>& files, const std::filesystem::path& directory);

}  // namespace lktest
