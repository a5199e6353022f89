// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "builder/base/progress.hpp"
#include "builder/tree/fetch_packages.hpp"
#include "builder/tree/file_tree.hpp"

namespace lktest {

/// Puts a package's files into the tree; nothing of it is executed. Regular files
/// stay where they are, in a copy of the package's data.tar that `cache` keeps
/// unpacked, and are mapped from there.
///
/// Like dpkg, it keeps a directory that another package has where this one has a
/// symlink, and a symlink to a directory where this one has a directory.
///
/// @param exclude  shell patterns of absolute paths; '*' matches '/' too. What matches
///                 is omitted, a directory with everything below it. /lib/x and /usr/lib/x
///                 are one path here, as they are in a merged /usr.
/// Throws a host Error naming the package when it is damaged.
void add_package(FileTree& tree, const Package& package, const std::filesystem::path& cache,
                 const std::vector<std::string>& exclude);

/// A root filesystem of these packages, added in the given order. /bin, /sbin, /lib
/// (and /lib64 when a package of amd64 is among them) are symlinks into /usr, as in
/// every Debian since 12, so files packaged under /bin land in /usr/bin.
FileTree packages_tree(const std::vector<Package>& packages, const std::filesystem::path& cache,
                       const std::vector<std::string>& exclude, const Progress& progress);

}  // namespace lktest
