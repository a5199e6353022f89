// SPDX-License-Identifier: MIT
#include "builder/inspect/image_files.hpp"

#include <algorithm>
#include <set>

#include "builder/inspect/path_lookup.hpp"

namespace lktest {
namespace {

/// The node at a path without symbolic links.
std::optional<ImageNode> walk(ImageFiles& image, std::string_view path) {
    std::optional<ImageNode> node = image.root();
    while (node && !path.empty()) {
        const std::size_t end = std::min(path.find('/'), path.size());
        const std::string_view name = path.substr(0, end);
        path.remove_prefix(std::min(end + 1, path.size()));
        if (name.empty())
            continue;
        if (!node->is_directory())
            return std::nullopt;
        node = image.child(*node, name);
    }
    return node;
}

}  // namespace

std::optional<ImageNode> ImageFiles::child(const ImageNode& directory, std::string_view name) {
    std::optional<std::uint64_t> found;
    each_entry(directory, [&](std::string_view entry, std::uint64_t reference) {
        if (entry == name)
            found = reference;
        return !found;
    });
    return found ? node(*found) : std::nullopt;
}

std::vector<std::string> ImageFiles::names(const ImageNode& directory) {
    constexpr std::size_t most = 10'000;
    std::vector<std::string> all;
    each_entry(directory, [&](std::string_view entry, std::uint64_t) {
        if (entry != "." && entry != "..")
            all.emplace_back(entry);
        return all.size() < most;
    });
    return all;
}

std::optional<RootUnion::Found> RootUnion::at(std::string_view path) const {
    for (const auto& image : images_)
        if (auto node = walk(*image, path))
            return Found{std::move(*node), image.get(), std::string(path)};
    return std::nullopt;
}

std::optional<RootUnion::Found> RootUnion::find(std::string_view path) const {
    return at(follow_links(path, [this](const std::string& step) -> std::optional<std::string> {
        const auto found = at(step);
        return found && !found->node.target.empty() ? std::optional(found->node.target) : std::nullopt;
    }));
}

std::vector<std::string> RootUnion::names(std::string_view path) const {
    std::set<std::string> all;
    if (const auto found = find(path))
        for (const auto& image : images_)
            if (const auto node = walk(*image, found->path); node && node->is_directory())
                for (std::string& name : image->names(*node))
                    all.insert(std::move(name));
    return {all.begin(), all.end()};
}

std::optional<std::string> RootUnion::head(std::string_view path, std::size_t size) const {
    const auto found = find(path);
    return found && found->node.is_regular() ? found->image->head(found->node, size) : std::nullopt;
}

bool RootUnion::readable() const {
    return std::ranges::all_of(images_, [](const auto& image) { return image->readable(); });
}

}  // namespace lktest
