// SPDX-License-Identifier: MIT
#pragma once

#include "builder/tree/file_tree.hpp"

namespace lktest {

/// Lays a tree over another one as overlayfs does: whiteouts (character devices 0:0, and
/// aufs's .wh.NAME) take away what is below them, opaque directories all that is below. What only
/// the union needs of an upper layer (whiteouts, trusted.overlay.*) is not in the result.
void lay_over(FileTree& below, const FileTree& above);

}  // namespace lktest
