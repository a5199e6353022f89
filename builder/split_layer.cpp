// SPDX-License-Identifier: MIT
#include "builder/split_layer.hpp"

#include <map>

namespace lktest {
namespace {

/// Which part has which file; each file is counted once.
class LayerParts {
public:
    explicit LayerParts(std::uint64_t most) : most_(most) {}

    std::size_t part_of(const Inode& file) {
        const auto known = parts_.find(&file);
        if (known != parts_.end())
            return known->second;
        const std::uint64_t size = file.type == NodeType::regular ? file.content.size() : 0;
        if (used_ > 0 && used_ + size > most_) {
            ++last_;
            used_ = 0;
        }
        used_ += size;
        parts_.emplace(&file, last_);
        return last_;
    }
    std::size_t count() const { return last_ + 1; }

private:
    std::uint64_t most_, used_ = 0;
    std::size_t last_ = 0;
    std::map<const Inode*, std::size_t> parts_;
};

void assign(const Inode& directory, LayerParts& parts) {
    for (const auto& [name, inode] : directory.entries)
        inode->type == NodeType::directory ? assign(*inode, parts) : void(parts.part_of(*inode));
}

/// The directory with the entries of one part. Null if it has none there, unless it must be kept.
std::shared_ptr<Inode> part_of(const Inode& directory, LayerParts& parts, std::size_t number, bool keep) {
    auto copy = std::make_shared<Inode>(directory);
    copy->entries.clear();
    for (const auto& [name, inode] : directory.entries) {
        if (inode->type != NodeType::directory) {
            if (parts.part_of(*inode) == number)
                copy->entries.emplace(name, inode);
        } else if (auto below = part_of(*inode, parts, number, number == 0)) {
            copy->entries.emplace(name, std::move(below));
        }
    }
    return keep || !copy->entries.empty() ? copy : nullptr;
}

}  // namespace

std::vector<FileTree> split_layer(const FileTree& tree, std::uint64_t most) {
    LayerParts parts(most);
    assign(tree.root(), parts);
    std::vector<FileTree> layers(parts.count());
    for (std::size_t number = 0; number < layers.size(); ++number)
        layers[number].root() = *part_of(tree.root(), parts, number, true);
    return layers;
}

std::string larger_file(const FileTree& tree, std::uint64_t most) {
    std::string found;
    tree.walk([&](const std::string& path, const Inode& inode) {
        if (found.empty() && inode.type == NodeType::regular && inode.content.size() > most)
            found = path;
    });
    return found;
}

}  // namespace lktest
