// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "builder/tree/file_tree.hpp"

namespace lktest {

/// Names with a meaning in aufs(5), and in OCI layers (Image Layer Filesystem Changeset, "Whiteouts"): a
/// whiteout of NAME is .wh.NAME, the opaque mark hides all that lower layers have in its directory, and other
/// names that begin with `bookkeeping` are the union's own.
namespace aufs {
inline constexpr std::string_view whiteout = ".wh.", bookkeeping = ".wh..wh.", opaque_mark = ".wh..wh..opq";
}

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
