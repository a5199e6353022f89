// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "builder/build.hpp"
#include "builder/tree/fetch_packages.hpp"

namespace lktest {

/// Every package of an image, by purpose.
struct Sources {
    std::vector<Package> root, kernel, loaders;

    std::vector<Package> all() const;
};

/// Downloads the recipe's packages into the cache.
/// @param with_kernel  false if the kernel comes from elsewhere
Sources fetch_sources(const Recipe& recipe, const BuildOptions& options, bool with_kernel);

/// The suite that shim and GRUB come from; empty as apt prefers. Not the backports: only the suite itself
/// gets their security updates, and a current shim refuses a GRUB without them.
std::string loader_suite(const Recipe& recipe);

/// Has only the packages of the boot loaders, which include busybox, in the cache.
Sources fetch_loaders(const Recipe& recipe, const BuildOptions& options);

/// "busybox-static_1.35.0-4_amd64.deb …", a line for each package: identifies their bytes.
std::string identity(const std::vector<Package>& packages);

/// The build time of the newest package, seconds since 1970.
std::int64_t newest(const std::vector<Package>& packages);

}  // namespace lktest
