// SPDX-License-Identifier: MIT
#include "builder/inspect/netboot_tree.hpp"

#include <algorithm>
#include <utility>

namespace lktest {

NetbootListing list_netboot(const std::filesystem::path& directory) {
    namespace fs = std::filesystem;
    constexpr std::size_t most_files = 600, most_entries = 50'000;
    constexpr int deepest = 8;
    NetbootListing listing;
    std::vector<std::pair<int, std::string>> files;
    std::error_code error;
    fs::recursive_directory_iterator entry(directory, fs::directory_options::skip_permission_denied, error);
    for (std::size_t count = 0; !error && entry != fs::recursive_directory_iterator() && count < most_entries;
         ++count) {
        std::error_code none;
        std::string path = "/" + entry->path().lexically_relative(directory).generic_string();
        if (entry->is_symlink(none)) {
            listing.links.push_back(std::move(path));
            listing.targets.push_back(fs::read_symlink(entry->path(), none).generic_string());
        } else if (entry->is_directory(none)) {
            listing.directories.push_back(std::move(path));
            if (entry.depth() >= deepest)
                entry.disable_recursion_pending();
        } else if (entry->is_regular_file(none)) {
            files.emplace_back(entry.depth(), std::move(path));
        }
        entry.increment(error);
    }
    // Machines load the files nearest to the top.
    std::ranges::stable_sort(files, {}, &std::pair<int, std::string>::first);
    listing.cut = files.size() > most_files;
    files.resize(std::min(files.size(), most_files));
    for (auto& [depth, path] : files)
        listing.files.push_back(std::move(path));
    return listing;
}

IsoTree netboot_tree(const NetbootListing& listing, std::vector<ByteView> contents) {
    IsoTree tree;
    tree.names = IsoTree::Names::rock_ridge;
    tree.damaged = listing.cut;
    const auto add = [&tree](const std::string& path, IsoNode node) {
        tree.any_case.try_emplace(path, path);
        tree.nodes.insert_or_assign(path, std::move(node));
    };
    for (const std::string& path : listing.directories) {
        IsoNode node;
        node.directory = true;
        add(path, std::move(node));
    }
    for (std::size_t i = 0; i < std::min(listing.links.size(), listing.targets.size()); ++i) {
        IsoNode node;
        node.target = listing.targets[i];
        if (!node.target.empty())
            add(listing.links[i], std::move(node));
    }
    for (std::size_t i = 0; i < std::min(listing.files.size(), contents.size()); ++i) {
        IsoNode node;
        node.content = std::move(contents[i]);
        node.size = node.content.size();
        add(listing.files[i], std::move(node));
    }
    return tree;
}

}  // namespace lktest
