// SPDX-License-Identifier: MIT
#include "builder/inspect/volumes.hpp"

namespace lktest {

const FatVolume* Volumes::fat(std::size_t volume) const {
    if (volume == iso || volume > fats_.size() || !fats_[volume - 1])
        return nullptr;
    return &*fats_[volume - 1];
}

std::optional<VolumeFile> Volumes::find(std::size_t volume, std::string_view path) const {
    const std::string normal = normal_path(path);
    if (volume == iso) {
        const IsoNode* node = tree_->find(normal);
        if (!node || node->directory)
            return std::nullopt;
        return VolumeFile{iso, normal, node->content};
    }
    const FatVolume* fat = this->fat(volume);
    if (!fat)
        return std::nullopt;
    const auto file = fat->files.find(normal);
    if (file == fat->files.end())
        return std::nullopt;
    return VolumeFile{volume, file->first, file->second};
}

bool Volumes::is_directory(std::size_t volume, std::string_view path) const {
    const std::string normal = normal_path(path);
    if (normal == "/")
        return true;
    if (volume == iso) {
        const IsoNode* node = tree_->find(normal);
        return node && node->directory;
    }
    const FatVolume* fat = this->fat(volume);
    if (!fat)
        return false;
    const auto inside = fat->files.lower_bound(normal + "/");
    return inside != fat->files.end() && lower_case(inside->first).starts_with(lower_case(normal + "/"));
}

bool Volumes::exists(std::size_t volume, std::string_view path) const {
    return find(volume, path) || is_directory(volume, path);
}

std::optional<VolumeFile> Volumes::find_anywhere(std::string_view path) const {
    for (std::size_t volume = 0; volume < count(); ++volume)
        if (auto file = find(volume, path))
            return file;
    return std::nullopt;
}

std::string Volumes::label(std::size_t volume) const {
    if (volume == iso)
        return label_;
    const FatVolume* fat = this->fat(volume);
    return fat ? fat->label : "";
}

std::string Volumes::uuid(std::size_t volume) const {
    if (volume == iso)
        return uuid_;
    const FatVolume* fat = this->fat(volume);
    return fat ? fat->uuid : "";
}

}  // namespace lktest
