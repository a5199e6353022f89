// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include "harness/scenario/files.hpp"

namespace lktest {

/// A file that a scenario puts somewhere: its absolute path there, and the file that has its bytes.
struct PlacedFile {
    std::filesystem::path inside, from;
};

/// The files of a scenario's list, one by one.
/// @param whose    for messages: "the disk 'data'"
/// @param medium   the ISO that "medium" stands for
/// @param scratch  an empty directory for those that are made first
/// Throws a usage Error when there is no such file.
std::vector<PlacedFile> place_files(const FileList& files, std::string_view whose,
                                    const std::filesystem::path& medium,
                                    const std::filesystem::path& scratch);

/// A copy that shares its content where the file system can, and has no zeros in it.
void copy_sparse(const std::filesystem::path& from, const std::filesystem::path& to);

/// Copies them below the directory.
void copy_files(const std::vector<PlacedFile>& files, const std::filesystem::path& directory);

}  // namespace lktest
