// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "builder/base/platform.hpp"
#include "builder/base/progress.hpp"

namespace lktest {

/// A Debian package in the cache.
struct Package {
    std::string name, version;  ///< "busybox-static", "1:1.35.0-4+deb12u1"
    std::string architecture;   ///< Debian's name, or "all"
    std::filesystem::path deb;
};

/// A request for packages.
struct PackageRequest {
    std::vector<std::string> names;
    Arch arch = Arch::x86_64;
    /// Includes their dependencies, without recommendations. Otherwise only the named packages;
    /// "linux-image-arm64" then means the kernel it depends on.
    bool with_dependencies = false;
    std::string suite = {};  ///< all come from this suite and nothing else; empty: as apt prefers them
};

/// Finds the packages through this machine's apt sources and lists, as if nothing
/// were installed. Downloads those that are missing or damaged in `cache`, and never executes
/// their scripts. Works without root. Returns them in order of their names.
///
/// What apt chose is remembered in `cache`: the same request is answered from there
/// ever after, without apt and network, as long as the machine's sources stay the same. Delete
/// `cache`/chosen to get newer packages.
///
/// Throws a usage Error for a package that apt does not know or cannot combine with
/// the others, and a host Error for one that cannot be downloaded.
std::vector<Package> fetch_packages(const PackageRequest& request, const std::filesystem::path& cache,
                                    const Progress& progress, const Why& why);

}  // namespace lktest
