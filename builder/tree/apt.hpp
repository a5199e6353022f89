// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "builder/base/progress.hpp"
#include "builder/tree/fetch_packages.hpp"

namespace lktest {

/// A package as apt offers it.
struct PackageOffer {
    std::string file;  ///< "busybox-static_1%3a1.35.0-4_arm64.deb"
    std::uint64_t size = 0;
    std::string sha256;
    std::string uri;
    std::int64_t verified = 0;  ///< mtime in ns of the cached file when its hash was last right
};

/// Asks apt which files a request needs, with this machine's sources and lists, as if nothing were installed.
/// Returns them in order of the file names. Throws a usage Error for an unknown or impossible package.
/// @param scratch  an existing directory for apt's files, unchanged afterwards
std::vector<PackageOffer> apt_choose(const PackageRequest& request, const std::filesystem::path& scratch);

/// Downloads files into `debs` with apt's transports. Each is compared with its
/// hash before it gets its name there. Throws a host Error; complete files stay.
void apt_download(const std::vector<const PackageOffer*>& offers, const std::filesystem::path& debs,
                  const Progress& progress);

}  // namespace lktest
