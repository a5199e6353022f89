// SPDX-License-Identifier: MIT
#include "builder/live_root.hpp"

#include <fmt/format.h>

#include "builder/report/report.hpp"
#include "builder/tree/from_packages.hpp"

namespace lktest {
namespace {

std::shared_ptr<Inode> inode_of(const ExtraFile& file, std::int64_t time) {
    auto inode = std::make_shared<Inode>();
    inode->permissions = static_cast<mode_t>(file.mode);
    inode->mtime = time;
    if (file.directory) {
        inode->type = NodeType::directory;
    } else if (!file.symlink.empty()) {
        inode->type = NodeType::symlink;
        inode->permissions = 0777;
        inode->target = file.symlink;
    } else {
        inode->content = Content::text(file.content);
    }
    return inode;
}

}  // namespace

FileTree packages_layer(const Recipe& recipe, const std::vector<Package>& packages,
                        const std::filesystem::path& cache, const Progress& progress, const Why& why) {
    FileTree tree = packages_tree(packages, cache, recipe.exclude, progress);
    for (const auto& [target, links] : recipe.links)
        for (const std::string& link : links) {
            if (!tree.find(link))
                tree.put_symlink(link, target);
            else if (why)
                why(fmt::format("recipe: no link {} to {}, a package has that file", link, target));
        }
    return tree;
}

FileTree files_layer(const Recipe& recipe, std::int64_t time) {
    // Without packages this has only the links of a merged /usr. Each layer must have them, because
    // a directory /bin here would cover the link /bin of the layers below.
    FileTree tree = packages_tree({}, {}, {}, [](auto...) {});
    for (const ExtraFile& file : recipe.files)
        tree.put(file.path, inode_of(file, time));
    return tree;
}

FileTree files_over(const Recipe& recipe, const FileTree& root, const std::vector<ExtraFile>& reporting,
                    const Content& busybox, std::int64_t time) {
    FileTree tree;
    for (const auto* files : {&reporting, &recipe.files})
        for (const ExtraFile& file : *files)
            tree.put_over(root, file.path, inode_of(file, time));
    if (!reporting.empty()) {
        auto program = std::make_shared<Inode>();
        program->permissions = 0755;
        program->mtime = time;
        program->content = busybox;
        tree.put_over(root, report_busybox, std::move(program));
    }
    for (const auto& [target, links] : recipe.links)
        for (const std::string& link : links)
            if (!root.find(link) && !tree.find(link))
                tree.put_over(root, link, inode_of({.path = link, .content = {}, .symlink = target}, time));
    return tree;
}

std::vector<std::string> module_exclusions(const Recipe& recipe) {
    std::vector<std::string> patterns = recipe.exclude;
    for (const std::string& pattern : recipe.kernel_exclude)
        patterns.push_back("/lib/modules/*/kernel/" + pattern);
    return patterns;
}

}  // namespace lktest
