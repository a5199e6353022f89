// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "builder/tree/file_tree.hpp"

namespace lktest {

/// Splits a tree into layers of at most `most` bytes of file data each. Overlayfs shows them as the same
/// tree. Hard links stay together, and a file that is larger has a layer of its own.
std::vector<FileTree> split_layer(const FileTree& tree, std::uint64_t most);

/// The path of the first file with more than `most` bytes; empty if there is none.
std::string larger_file(const FileTree& tree, std::uint64_t most);

}  // namespace lktest
