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
    std::int64_t verified = 0;  ///< mtime in ns of the cached file when its hash was right
};

/// Asks apt which files a request comes to: this machine's own sources and lists,
/// as if nothing were installed. In order of the file names. Throws a usage Error
/// for an unknown or impossible package.
/// @param scratch  an existing directory for apt's own files, left as it was
std::vector<PackageOffer> apt_choose(const PackageRequest& request, const std::filesystem::path& scratch);

/// Downloads files into `debs` with apt's own transports; each is compared with its
/// hash before it gets its name there. Throws a host Error; what came before it stays.
void apt_download(const std::vector<const PackageOffer*>& offers, const std::filesystem::path& debs,
                  const Progress& progress);

}  // namespace lktest
