// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "builder/tree/file_tree.hpp"

namespace lktest {

/// Calls visit(path, inode) for each entry of an uncompressed tar archive, in its order.
/// Hard links share an inode; contents are parts of the mapping. Paths are absolute,
/// "" is the root itself. Throws a host Error with the reason alone if it is damaged.
/// @param other  the file that a hard link means if the archive does not have it; null if there is none
void read_tar(const std::shared_ptr<const MappedFile>& tar,
              const std::function<void(const std::string& path, std::shared_ptr<Inode> inode)>& visit,
              const std::function<std::shared_ptr<Inode>(const std::string& path)>& other = {});

/// Whether a file starts like a tar archive, compressed or not.
bool is_tar(const std::filesystem::path& file);

/// Writes a compressed archive's bytes decompressed to `target`, for any compression that
/// libarchive supports. Throws a usage Error naming the archive if it is damaged.
void decompress(const std::filesystem::path& archive, const std::filesystem::path& target);

/// A tar archive as a tree: owners, modes, times, devices, hard links, xattrs.
/// A later entry of the same path replaces an earlier one. A compressed archive is
/// kept decompressed in `cache`, and its contents are read from there.
/// @param exclude  as in Exclusion
/// Throws a usage Error naming the archive if it is damaged or not a tar archive.
FileTree tar_tree(const std::filesystem::path& archive, const std::vector<std::string>& exclude,
                  const std::filesystem::path& cache);

}  // namespace lktest
