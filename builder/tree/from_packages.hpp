// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "builder/base/progress.hpp"
#include "builder/tree/fetch_packages.hpp"
#include "builder/tree/file_tree.hpp"

namespace lktest {

/// Adds a package's files to the tree, without executing anything. Regular files
/// stay in a decompressed copy of the package's data.tar in `cache`, and are mapped from there.
///
/// Like dpkg, it keeps a directory that another package has where this one has a
/// symlink, and a symlink to a directory where this one has a directory.
///
/// @param exclude  as in Exclusion
/// Throws a host Error naming the package if it is damaged.
void add_package(FileTree& tree, const Package& package, const std::filesystem::path& cache,
                 const std::vector<std::string>& exclude);

/// A root filesystem of these packages, added in the given order. /bin, /sbin, /lib
/// (and /lib64 if one of the packages is for amd64) are symlinks into /usr, as in
/// every Debian since 12, so files packaged under /bin land in /usr/bin.
FileTree packages_tree(const std::vector<Package>& packages, const std::filesystem::path& cache,
                       const std::vector<std::string>& exclude, const Progress& progress);

}  // namespace lktest
