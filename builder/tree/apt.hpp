// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "builder/base/error.hpp"
#include "builder/base/progress.hpp"
#include "builder/tree/fetch_packages.hpp"

namespace lktest {

/// A usage Error about packages that apt does not know, or about a suite: then it has no names.
class NoSuchPackage : public Error {
public:
    NoSuchPackage(const std::string& what, std::string hint, std::vector<std::string> names)
        : Error(Kind::usage, what, std::move(hint)), names_(std::move(names)) {}
    const std::vector<std::string>& names() const noexcept { return names_; }

private:
    std::vector<std::string> names_;
};

/// A package as apt offers it.
struct PackageOffer {
    std::string file;  ///< "busybox-static_1%3a1.35.0-4_arm64.deb"
    std::uint64_t size = 0;
    std::string sha256;
    std::string uri;
    std::int64_t verified = 0;  ///< mtime in ns of the cached file when its hash was last right
};

/// Asks apt which files a request comes to, as if nothing were installed: from this machine's own lists, or
/// those of the request's suite. In order of the file names. Throws a NoSuchPackage, or a usage Error for a
/// suite that does not exist and for packages that conflict.
/// @param scratch  an existing directory; the lists of suites stay there
std::vector<PackageOffer> apt_choose(const PackageRequest& request, const std::filesystem::path& scratch);

/// Downloads files into `debs` with apt's transports. Each is compared with its
/// hash before it gets its name there. Throws a host Error; complete files stay.
void apt_download(const std::vector<const PackageOffer*>& offers, const std::filesystem::path& debs,
                  const Progress& progress);

}  // namespace lktest
