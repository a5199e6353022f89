// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "builder/base/progress.hpp"
#include "builder/inspect/byte_view.hpp"
#include "builder/tree/file_tree.hpp"

namespace lktest {

/// A SquashFS image, which may be inside another file.
struct SquashfsSource {
    ByteView bytes;
    std::string name;      ///< for messages
    std::string identity;  ///< identifies its bytes, as text for cached()
};

/// The image as a tree with owners, modes, times, devices, hard links and attributes, even without root.
/// The files' contents are unpacked, one after the other, into one file in `cache`.
/// @param exclude  as in Exclusion
/// Throws a usage Error if the image is damaged, hostile or not a SquashFS, and a host Error if
/// the disk is full.
FileTree squashfs_tree(const SquashfsSource& source, const std::vector<std::string>& exclude,
                       const std::filesystem::path& cache, const Progress& progress);

}  // namespace lktest
