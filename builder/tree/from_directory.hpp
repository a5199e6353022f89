// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>

#include "builder/tree/file_tree.hpp"

namespace lktest {

/// A directory of this machine as a tree, itself as the root: owners, modes, times,
/// devices, symlinks unfollowed, hard links shared, extended attributes. Contents are
/// not read yet. Attributes of the file system itself (system.*, as ACLs) are left out:
/// they mean nothing elsewhere. Throws a usage Error when it is no directory, and a
/// host Error naming what cannot be read.
FileTree directory_tree(const std::filesystem::path& directory);

}  // namespace lktest
