// SPDX-License-Identifier: MIT
#include "harness/run/own_media.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "builder/base/hash.hpp"
#include "builder/build.hpp"
#include "harness/run/kernel_images.hpp"
#include "harness/run/lookup.hpp"
#include "harness/run/make_image.hpp"

namespace lktest {
namespace {

constexpr const char* default_recipe = "recovery";

/// The architectures for which the recipe names a kernel. A root brings its own kernel and has one
/// architecture; the user names it if it differs from this machine's.
std::vector<Arch> arches_of(const Recipe& recipe, const std::vector<Arch>& asked) {
    std::vector<Arch> arches;
    std::ranges::copy_if(all_arches, std::back_inserter(arches),
                         [&recipe](Arch arch) { return !recipe.kernel(arch).empty(); });
    if (arches.empty())
        return asked.empty() ? std::vector{host_arch()} : asked;
    std::erase_if(arches, [&asked](Arch arch) {
        return !asked.empty() && std::ranges::find(asked, arch) == asked.end();
    });
    if (arches.empty()) {
        std::vector<std::string_view> names(asked.size());
        std::ranges::transform(asked, names.begin(), [](Arch arch) { return name(arch); });
        throw usage_error(
            fmt::format("{} names no kernel for {}", recipe.file.string(), fmt::join(names, " or ")),
            "add it to [kernel], or leave --arch out");
    }
    return arches;
}

/// Where its images are stored. Recipes of the same name in different directories get different files.
std::filesystem::path stem_of(const Recipe& recipe, Arch arch, const RunOptions& options) {
    const std::filesystem::path directory =
        options.media_directory.empty() ? cache_directory() / "media" : options.media_directory;
    std::string stem = fmt::format("{}-{}", recipe.name, name(arch));
    if (recipe_word(options) != recipe.name)  // it is a path
        stem += fmt::format("-{:016x}", hash(std::filesystem::weakly_canonical(recipe.file).string()));
    return directory / stem;
}

}  // namespace

std::string recipe_word(const RunOptions& options) {
    return options.recipe.empty() ? default_recipe : options.recipe;
}

std::vector<ImageChoice> own_images(const RunOptions& options) {
    const Recipe recipe = read_recipe(find_data(recipe_files, recipe_word(options)));
    const char* scenario = recipe.root.report == Report::none ? foreign_scenario : own_scenario;
    std::vector<ImageChoice> images;
    for (const Arch arch : arches_of(recipe, options.arches)) {
        const std::string stem = stem_of(recipe, arch, options).string();
        images.push_back({{recipe.name, stem + ".iso"}, {arch}, {scenario}});
        images.push_back({{recipe.name, stem + "-netboot"}, {arch}, {scenario}, network_media, true});
    }
    return images;
}

void build_what_is_stale(const RunPlan& plan, const RunOptions& options) {
    if (boots_kernel(options))
        build_kernel_image(options);
    if (boots_kernel(options) || !options.isos.empty() || !options.media_directory.empty())
        return;
    std::set<std::pair<Arch, std::filesystem::path>> needed;
    for (const PlannedCell& planned : plan.cells)
        if (!planned.not_applicable)
            needed.emplace(planned.cell.arch, planned.cell.image.path);
    const Recipe recipe = read_recipe(find_data(recipe_files, recipe_word(options)));
    for (const auto& [arch, path] : needed) {
        if (is_current(recipe, arch, path, cache_directory()))
            continue;
        make_directories(path.parent_path());
        BuildRequest request;
        request.recipe = recipe_word(options);
        request.arch = arch;
        request.output = path;
        request.format = path.extension() == ".iso" ? Format::iso : Format::netboot;
        request.verbose = options.verbose;
        make_image(request);
    }
}

}  // namespace lktest
