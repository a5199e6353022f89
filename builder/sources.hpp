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

/// Has the recipe's packages in the cache.
/// @param with_kernel  false when the kernel comes from elsewhere
Sources fetch_sources(const Recipe& recipe, const BuildOptions& options, bool with_kernel);

/// "busybox-static_1.35.0-4_amd64.deb …", a line each: which bytes the packages are.
std::string identity(const std::vector<Package>& packages);

/// When the newest of the packages was built, seconds since 1970.
std::int64_t newest(const std::vector<Package>& packages);

}  // namespace lktest
