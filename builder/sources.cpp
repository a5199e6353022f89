// SPDX-License-Identifier: MIT
#include "builder/sources.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>

#include "builder/base/error.hpp"
#include "builder/boot/loaders.hpp"

namespace lktest {
namespace {

/// A .deb starts with "!<arch>\n" and the header of its first member: a name of 16
/// bytes, then the build time as 12 decimal digits (ar(5), deb(5)).
std::int64_t build_time(const std::filesystem::path& deb) {
    std::array<char, 36> start{};
    std::ifstream(deb, std::ios::binary).read(start.data(), start.size());
    std::int64_t seconds = 0;
    std::from_chars(start.data() + 24, start.data() + start.size(), seconds);
    return seconds;
}

}  // namespace

std::vector<Package> Sources::all() const {
    std::vector<Package> packages = root;
    packages.insert(packages.end(), kernel.begin(), kernel.end());
    packages.insert(packages.end(), loaders.begin(), loaders.end());
    return packages;
}

Sources fetch_sources(const Recipe& recipe, const BuildOptions& options, bool with_kernel) {
    const auto fetch = [&](std::vector<std::string> names, bool with_dependencies) {
        const PackageRequest request{std::move(names), options.arch, with_dependencies};
        return fetch_packages(request, options.cache, options.progress, options.why);
    };
    const std::string_view arch = name(options.arch);
    if (with_kernel && recipe.kernel(options.arch).empty())
        throw usage_error(
            recipe.root.kind == RootKind::packages
                ? fmt::format("{} has no kernel for {}", recipe.file.string(), arch)
                : fmt::format("the root has no kernel, and {} has none for {}", recipe.file.string(), arch),
            fmt::format("add {} = \"linux-image-{}\" to [kernel]", arch, debian_name(options.arch)));
    Sources sources;
    if (recipe.root.kind == RootKind::packages)
        sources.root = fetch(recipe.packages.of(options.arch), true);
    std::erase_if(sources.root, [&](const Package& package) {
        return std::ranges::find(recipe.without, package.name) != recipe.without.end();
    });
    if (with_kernel)
        sources.kernel = fetch({recipe.kernel(options.arch)}, false);
    std::vector<std::string> loaders = loader_packages(options.arch, recipe.loader);
    if (options.format == Format::zip || options.format == Format::tar)
        for (const std::string& name : stick_packages(options.arch))
            loaders.push_back(name);
    sources.loaders = fetch(std::move(loaders), false);
    return sources;
}

std::string identity(const std::vector<Package>& packages) {
    std::string text;
    for (const Package& package : packages)
        text += fmt::format("{}\n", package.deb.filename().string());
    return text;
}

std::int64_t newest(const std::vector<Package>& packages) {
    std::int64_t time = 0;
    for (const Package& package : packages)
        time = std::max(time, build_time(package.deb));
    return time;
}

}  // namespace lktest
