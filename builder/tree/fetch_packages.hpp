// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "builder/base/platform.hpp"
#include "builder/base/progress.hpp"

namespace lktest {

/// A Debian package that lies in the cache.
struct Package {
    std::string name, version;  ///< "busybox-static", "1:1.35.0-4+deb12u1"
    std::string architecture;   ///< Debian's name, or "all"
    std::filesystem::path deb;
};

/// Which packages are wanted.
struct PackageRequest {
    std::vector<std::string> names;
    Arch arch = Arch::x86_64;
    /// Everything that they depend on too, without recommendations. Otherwise only
    /// the named ones; "linux-image-arm64" then stands for the kernel it depends on.
    bool with_dependencies = false;
};

/// Finds the packages through this machine's own apt sources and lists, as if nothing
/// were installed, downloads those that `cache` lacks or holds damaged, and executes
/// nothing of theirs. Needs no rights except to write `cache`. In order of their names.
///
/// What apt chose is remembered in `cache`: the same request is answered from there
/// ever after, without apt and network. Delete `cache`/chosen to get newer packages.
///
/// Throws a usage Error for a package that apt does not know or cannot combine with
/// the others, and a host Error for one that cannot be downloaded.
std::vector<Package> fetch_packages(const PackageRequest& request, const std::filesystem::path& cache,
                                    const Progress& progress, const Why& why);

}  // namespace lktest
