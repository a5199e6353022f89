// SPDX-License-Identifier: MIT
#include "builder/live_root.hpp"

#include <fmt/format.h>

#include "builder/report/report.hpp"
#include "builder/root_init.hpp"
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

/// @param own  the directory that the root itself has its kernel's modules in; empty: the kernel is not the
/// root's
std::string modules_path(const std::string& own, const FileTree& root, const std::string& release) {
    std::string directory = own.empty() ? "/lib/modules" : own;
    const auto is_there = [&](const char* path) {
        const auto real = root.real_path(path);
        return real && root.find(*real)->type == NodeType::directory;
    };
    if (own.empty() && !is_there("/lib/modules") && !is_there("/lib") && is_there("/usr/lib/modules"))
        directory = "/usr/lib/modules";
    return fmt::format("{}/{}", directory, release);
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

FileTree merged_usr() {
    return packages_tree({}, {}, {}, [](auto...) {});
}

FileTree modules_layer(const Kernel& kernel, const FileTree& root) {
    FileTree tree;
    if (const auto modules = kernel.modules.find(kernel.directory()))
        tree.put_over(root,
                      modules_path(kernel.of_root ? kernel.modules_directory : "", root, kernel.release),
                      modules);
    return tree;
}

std::string modules_place(const std::optional<Kernel>& kernel, const FileTree& root) {
    auto directory = std::make_shared<Inode>();
    directory->type = NodeType::directory;
    FileTree probe;
    const bool of_root = kernel && kernel->of_root;
    probe.put_over(root, modules_path(of_root ? kernel->modules_directory : "", root, "release"), directory);
    std::string text;
    const auto add = [&](const std::string& path, const Inode& inode) {
        text += fmt::format("{} {:o} {}:{} {}\n", path, inode.permissions, inode.uid, inode.gid, inode.mtime);
        for (const auto& [key, value] : inode.xattrs)
            text += fmt::format("{} {}\n", key, value);
    };
    add("/", probe.root());
    probe.walk(add);
    return text;
}

FileTree files_layer(const Recipe& recipe, std::int64_t time) {
    const FileTree packages = merged_usr();
    FileTree tree;
    for (const ExtraFile& file : recipe.files)
        tree.put_over(packages, file.path, inode_of(file, time));
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
    if (const RootInit init = init_of(root);
        !init.path.empty() && init.path != "/sbin/init" && !root.find(root.place_of("/sbin/init")))
        tree.put_over(root, "/sbin/init", inode_of({.path = {}, .content = {}, .symlink = init.path}, time));
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
