// SPDX-License-Identifier: MIT
#include "builder/live_root.hpp"

#include <fmt/format.h>

#include "builder/tree/from_packages.hpp"

namespace lktest {

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
    // Without packages this has the links of a merged /usr. They must be in each layer:
    // a directory /bin here would cover the link /bin of the layers below.
    FileTree tree = packages_tree({}, {}, {}, [](auto...) {});
    for (const ExtraFile& file : recipe.files) {
        const auto mode = static_cast<mode_t>(file.mode);
        if (file.directory)
            tree.put_directory(file.path, mode);
        else if (!file.symlink.empty())
            tree.put_symlink(file.path, file.symlink);
        else
            tree.put_file(file.path, file.content, mode);
        tree.find(file.path)->mtime = time;
    }
    return tree;
}

std::vector<std::string> module_exclusions(const Recipe& recipe) {
    std::vector<std::string> patterns = recipe.exclude;
    for (const std::string& pattern : recipe.kernel_exclude)
        patterns.push_back("/lib/modules/*/kernel/" + pattern);
    return patterns;
}

}  // namespace lktest
