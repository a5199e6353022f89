// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "builder/tree/file_tree.hpp"

namespace lktest {

/// How a directory is read.
struct DirectoryOptions {
    /// Only these entries of the directory itself; all if unset.
    std::optional<std::vector<std::string>> only = {};
    std::vector<std::string> exclude = {};           ///< as in Exclusion
    std::vector<std::filesystem::path> except = {};  ///< absolute paths of this machine, excluded
    /// Directories where another file system is mounted are empty in the tree; each entry of
    /// `only` may be a separate file system.
    bool one_file_system = false;
    /// Other programs may write to it meanwhile. A file that vanishes is omitted. One that
    /// vanishes later, or becomes shorter, contains the part that could be read.
    bool live = false;
};

/// A directory as a tree, and facts about it.
struct DirectoryTree {
    FileTree tree;
    std::vector<std::string> unreadable;  ///< "/etc/shadow: Permission denied"; not in the tree
    std::vector<std::string> vanished;    ///< of a live directory; not in the tree
    std::uint64_t fingerprint = 0;        ///< differs if anything has changed since
    std::int64_t newest = 0;              ///< the latest modification time, seconds since 1970
};

/// A directory of this machine as a tree, with owners, modes, times, devices, symlinks, hard links and
/// extended attributes. Contents are not read yet. Attributes of the file system itself (system.*, such as
/// ACLs) are omitted, because they do not apply elsewhere. Throws a usage Error if it is not a directory.
DirectoryTree read_directory(const std::filesystem::path& directory, const DirectoryOptions& options);

/// The whole directory. Throws a host Error naming what cannot be read.
FileTree directory_tree(const std::filesystem::path& directory);

}  // namespace lktest
