// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "builder/tree/file_tree.hpp"

namespace lktest {

/// One layer of the live root.
struct Layer {
    std::string name;      ///< "02-modules.sb"
    const FileTree* tree;  ///< outlives the stack
};

/// The layers of a live root, seen as overlayfs unites them.
class LayerStack {
public:
    /// @param layers  the lowest first
    explicit LayerStack(std::vector<Layer> layers) : layers_(std::move(layers)) {}

    /// Where a path leads.
    struct Place {
        std::string path;       ///< without symlinks; the first missing path if there is no inode
        const Inode* inode;     ///< null if the path leads nowhere
        std::size_t layer = 0;  ///< of the inode, or of the last directory or symlink that was found
    };

    /// Follows a path as the kernel does, inside the root.
    /// @param count  only that many layers, from the lowest
    Place find(std::string_view path, std::size_t count) const;

    std::size_t size() const noexcept { return layers_.size(); }
    const std::string& name(std::size_t layer) const { return layers_.at(layer).name; }

private:
    std::vector<Layer> layers_;
};

}  // namespace lktest
