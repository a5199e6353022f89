// SPDX-License-Identifier: MIT
#include "builder/inspect/netboot_tree.hpp"

#include <algorithm>
#include <vector>

namespace lktest {

IsoTree read_netboot_tree(const std::filesystem::path& directory) {
    namespace fs = std::filesystem;
    constexpr std::size_t most_files = 600, most_entries = 50'000;
    constexpr int deepest = 8;
    IsoTree tree;
    tree.names = IsoTree::Names::rock_ridge;
    std::vector<std::pair<int, fs::path>> files;
    std::error_code error;
    fs::recursive_directory_iterator entry(directory, fs::directory_options::skip_permission_denied, error);
    for (std::size_t count = 0; !error && entry != fs::recursive_directory_iterator() && count < most_entries;
         ++count) {
        std::error_code none;
        const std::string path = "/" + entry->path().lexically_relative(directory).generic_string();
        IsoNode node;
        if (entry->is_symlink(none)) {
            node.target = fs::read_symlink(entry->path(), none).generic_string();
        } else if (entry->is_directory(none)) {
            node.directory = true;
            if (entry.depth() >= deepest)
                entry.disable_recursion_pending();
        } else if (entry->is_regular_file(none)) {
            files.emplace_back(entry.depth(), entry->path());
            entry.increment(error);
            continue;
        }
        if (node.directory || !node.target.empty()) {
            tree.any_case.try_emplace(path, path);
            tree.nodes.insert_or_assign(path, std::move(node));
        }
        entry.increment(error);
    }
    // Machines load the files nearest to the top.
    std::ranges::stable_sort(files, {}, &std::pair<int, fs::path>::first);
    tree.damaged = files.size() > most_files;
    files.resize(std::min(files.size(), most_files));
    for (const auto& [depth, file] : files) {
        const std::string path = "/" + file.lexically_relative(directory).generic_string();
        IsoNode node;
        node.content = ByteView::of_file(file);
        node.size = node.content.size();
        tree.any_case.try_emplace(path, path);
        tree.nodes.insert_or_assign(path, std::move(node));
    }
    return tree;
}

}  // namespace lktest
