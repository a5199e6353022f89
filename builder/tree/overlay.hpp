// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "builder/tree/file_tree.hpp"

namespace lktest {

/// Lays a tree over another one as overlayfs does: whiteouts (character devices 0:0, and
/// aufs's .wh.NAME) take away what is below them, opaque directories all that is below. What only
/// the union needs of an upper layer (whiteouts, trusted.overlay.*) is not in the result.
void lay_over(FileTree& below, const FileTree& above);

/// Whether a directory hides all that lower layers have at its path.
bool is_opaque(const Inode& directory);

/// Whether an entry only hides that of the lower layers.
bool is_whiteout(const Inode& inode);

/// Whether aufs's mark in a directory hides an entry of the lower layers.
bool hides(const Inode& directory, const std::string& name);

}  // namespace lktest
