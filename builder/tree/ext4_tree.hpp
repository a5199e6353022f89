// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "builder/base/progress.hpp"
#include "builder/tree/file_tree.hpp"

namespace lktest {

/// An ext2, ext3 or ext4 file system as the content of a file.
struct Ext4Source {
    Content bytes;
    std::string name;      ///< for messages
    std::string identity;  ///< identifies its bytes, as text for cached()
};

/// Whether the bytes start like such a file system.
bool is_ext4(const Content& bytes);

/// The file system as a tree with owners, modes, times, devices, hard links and attributes, even without
/// root. Nothing is mounted. The image and its files' contents are kept in `cache`.
/// @param exclude  as in Exclusion
/// Throws a usage Error if it is damaged or hostile, and a host Error if the disk is full.
FileTree ext4_tree(const Ext4Source& source, const std::vector<std::string>& exclude,
                   const std::filesystem::path& cache, const Progress& progress);

}  // namespace lktest
