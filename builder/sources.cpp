// SPDX-License-Identifier: MIT
#include "builder/sources.hpp"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>

#include "builder/base/error.hpp"
#include "builder/boot/loaders.hpp"
#include "builder/tree/apt.hpp"
#include "builder/tree/apt_sources.hpp"

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

/// The recipe's value that has one of these names, as a key of Recipe::places.
std::string place_of_package(const Recipe& recipe, Arch arch, const std::vector<std::string>& names) {
    for (const std::string& name : names) {
        // apt complains about the package that a kernel's name stands for, too.
        if (name == recipe.kernel(arch))
            return fmt::format("kernel.{}", lktest::name(arch));
        if (recipe.places.contains("packages " + name))
            return "packages " + name;
    }
    return recipe.places.contains("suite") ? "suite" : "";
}

/// Whether a shell pattern of the recipe's 'without' names the package.
bool is_omitted(const Recipe& recipe, const Package& package) {
    return std::ranges::any_of(recipe.without, [&](const std::string& pattern) {
        return ::fnmatch(pattern.c_str(), package.name.c_str(), 0) == 0;
    });
}

const std::string& suite_of(const Recipe& recipe) {
    return recipe.root.kind == RootKind::debian ? recipe.root.suite : recipe.suite;
}

std::vector<Package> fetch(const Recipe& recipe, const BuildOptions& options, std::vector<std::string> names,
                           bool with_dependencies, const std::string& suite) {
    const PackageRequest request{std::move(names), options.arch, with_dependencies, suite};
    try {
        return fetch_packages(request, options.cache, options.progress, options.why);
    } catch (const NoSuchPackage& error) {
        const auto rethrow = [&]() -> std::vector<Package> { throw; };
        return at_place_of(recipe, place_of_package(recipe, options.arch, error.names()), rethrow);
    }
}

}  // namespace

std::string loader_suite(const Recipe& recipe) {
    return base_suite(suite_of(recipe));
}

std::vector<Package> Sources::all() const {
    std::vector<Package> packages = root;
    packages.insert(packages.end(), kernel.begin(), kernel.end());
    packages.insert(packages.end(), loaders.begin(), loaders.end());
    return packages;
}

Sources fetch_sources(const Recipe& recipe, const BuildOptions& options, bool with_kernel) {
    const std::string_view arch = name(options.arch);
    if (with_kernel && recipe.kernel(options.arch).empty())
        throw usage_error(
            recipe.root.kind == RootKind::packages
                ? fmt::format("{} has no kernel for {}", recipe.file.string(), arch)
                : fmt::format("the root has no kernel, and {} has none for {}", recipe.file.string(), arch),
            fmt::format("add {} = \"linux-image-{}\" to [kernel]", arch, debian_name(options.arch)));
    Sources sources;
    if (recipe.root.kind == RootKind::packages)
        sources.root = fetch(recipe, options, recipe.packages.of(options.arch), true, suite_of(recipe));
    std::erase_if(sources.root, [&](const Package& package) { return is_omitted(recipe, package); });
    if (with_kernel)
        sources.kernel = fetch(recipe, options, {recipe.kernel(options.arch)}, false, suite_of(recipe));
    sources.loaders = fetch_loaders(recipe, options).loaders;
    return sources;
}

Sources fetch_loaders(const Recipe& recipe, const BuildOptions& options) {
    std::vector<std::string> names = loader_packages(options.arch, recipe);
    if (options.format == Format::zip || options.format == Format::tar)
        for (const std::string& name : stick_packages(options.arch))
            names.push_back(name);
    Sources sources;
    sources.loaders = fetch(recipe, options, std::move(names), false, loader_suite(recipe));
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
