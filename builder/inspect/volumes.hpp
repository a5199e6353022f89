// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "builder/inspect/fat.hpp"
#include "builder/inspect/iso_tree.hpp"

namespace lktest {

/// A file, and the file system of the medium that contains it.
struct VolumeFile {
    std::size_t volume = 0;
    std::string path;
    ByteView content;
};

/// The file systems of a medium that boot loaders read. Number 0 is the ISO's tree. The others are FAT
/// volumes in the order of MediumFacts::esps.
class Volumes {
public:
    static constexpr std::size_t iso = 0;

    Volumes(const IsoTree& tree, std::string label, std::string uuid)
        : tree_(&tree), label_(std::move(label)), uuid_(std::move(uuid)) {}

    void add(std::optional<FatVolume> fat) { fats_.push_back(std::move(fat)); }

    std::size_t count() const noexcept { return 1 + fats_.size(); }
    const IsoTree& tree() const noexcept { return *tree_; }
    /// Unset for the ISO, and for a partition that is not FAT.
    const FatVolume* fat(std::size_t volume) const;

    /// Looks a path up like Linux and GRUB: Rock Ridge names are case-sensitive, FAT names are not.
    std::optional<VolumeFile> find(std::size_t volume, std::string_view path) const;
    bool exists(std::size_t volume, std::string_view path) const;  ///< a file or a directory
    bool is_directory(std::size_t volume, std::string_view path) const;
    /// The first volume that has this file.
    std::optional<VolumeFile> find_anywhere(std::string_view path) const;

    std::string label(std::size_t volume) const;
    std::string uuid(std::size_t volume) const;

private:
    const IsoTree* tree_;
    std::string label_, uuid_;
    std::vector<std::optional<FatVolume>> fats_;
};

}  // namespace lktest
