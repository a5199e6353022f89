// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "builder/base/progress.hpp"
#include "builder/inspect/byte_view.hpp"
#include "builder/tree/file_tree.hpp"

namespace lktest {

/// A SquashFS image, which may lie inside another file.
struct SquashfsSource {
    ByteView bytes;
    std::string name;      ///< for messages
    std::string identity;  ///< which bytes it has, as text for cached()
};

/// The image as a tree: owners, modes, times, devices, hard links, attributes, whoever runs this.
/// The files' contents are unpacked, one after the other, into one file in `cache`.
/// @param exclude  as in Exclusion
/// Throws a usage Error for what is no SquashFS, damaged or hostile, and a host Error when
/// the disk is full.
FileTree squashfs_tree(const SquashfsSource& source, const std::vector<std::string>& exclude,
                       const std::filesystem::path& cache, const Progress& progress);

}  // namespace lktest
