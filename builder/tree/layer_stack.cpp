// SPDX-License-Identifier: MIT
#include "builder/tree/layer_stack.hpp"

#include <deque>

#include "builder/tree/overlay.hpp"

namespace lktest {
namespace {

/// One node as the layers show it.
struct Node {
    std::size_t layer = 0;
    const Inode* inode = nullptr;
    /// Of a directory: itself and those of the same path in lower layers, the highest first.
    std::vector<std::pair<std::size_t, const Inode*>> merged = {};
};

/// The entry of a united directory. Its inode is null if no layer has one, or a whiteout covers it.
Node entry_of(const Node& directory, const std::string& name) {
    Node found;
    for (const auto& [layer, inode] : directory.merged) {
        const auto entry = inode->entries.find(name);
        if (entry != inode->entries.end()) {
            const Inode& there = *entry->second;
            if (is_whiteout(there) || (found.inode && there.type != NodeType::directory))
                break;
            if (!found.inode)
                found = {layer, &there, {}};
            if (there.type != NodeType::directory)
                break;
            found.merged.emplace_back(layer, &there);
            if (is_opaque(there))
                break;
        }
        if (hides(*inode, name))
            break;
    }
    return found;
}

std::string joined(const std::vector<std::string>& names) {
    std::string path;
    for (const std::string& name : names)
        path.append("/").append(name);
    return path.empty() ? "/" : path;
}

}  // namespace

LayerStack::Place LayerStack::find(std::string_view path, std::size_t count) const {
    Node root;
    for (std::size_t layer = count; layer-- > 0;) {
        root.merged.emplace_back(layer, &layers_[layer].tree->root());
        if (is_opaque(layers_[layer].tree->root()))
            break;
    }
    root.layer = root.merged.empty() ? 0 : root.merged.front().first;
    root.inode = root.merged.empty() ? nullptr : root.merged.front().second;
    std::vector<Node> trail{root};
    std::vector<std::string> names;
    const std::vector<std::string> first = names_of(path);
    std::deque<std::string> ahead(first.begin(), first.end());
    std::size_t last = root.layer;
    for (int links = 0; !ahead.empty();) {
        const std::string name = std::move(ahead.front());
        ahead.pop_front();
        if (name == "..") {
            if (trail.size() > 1) {
                trail.pop_back();
                names.pop_back();
            }
            continue;
        }
        names.push_back(name);
        const Node node = entry_of(trail.back(), name);
        if (!node.inode)
            return {joined(names), nullptr, last};
        last = node.layer;
        if (node.inode->type != NodeType::symlink) {
            trail.push_back(node);
            continue;
        }
        if (++links > most_links)
            return {joined(names), nullptr, last};
        const std::vector<std::string> target = names_of(node.inode->target);
        ahead.insert(ahead.begin(), target.begin(), target.end());
        names.pop_back();
        if (node.inode->target.starts_with('/')) {
            trail.resize(1);
            names.clear();
        }
    }
    return {joined(names), trail.back().inode, trail.back().layer};
}

}  // namespace lktest
