// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "builder/base/progress.hpp"
#include "builder/tree/file_tree.hpp"

namespace lktest {

/// Writes the tree as an EROFS image with mkfs.erofs (erofs-utils), which reads a directory: only root can
/// give the files there their owners.
/// @param compression  of mkfs.erofs: "lz4hc", "zstd,9"; "none" for an uncompressed image
/// @param source_date_epoch  time of the image, and the latest time of any file in it
/// @param scratch  a directory on a file system with room for the unpacked tree
/// @return files that were omitted, one sentence each
/// Throws a host Error if this user is not root, mkfs.erofs is missing or does not know the compression, or
/// the disk is full. After an error `file` is unchanged.
std::vector<std::string> write_erofs(const FileTree& tree, const std::filesystem::path& file,
                                     const std::string& compression, std::int64_t source_date_epoch,
                                     const std::filesystem::path& scratch, const Progress& progress);

}  // namespace lktest
