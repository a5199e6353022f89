// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "builder/base/platform.hpp"
#include "builder/base/progress.hpp"

namespace lktest {

/// A Debian system whose packages are installed, not only unpacked.
struct DebianRequest {
    std::string suite;  ///< as in this machine's apt sources: "bookworm"
    Arch arch = Arch::x86_64;
    std::vector<std::string> packages;        ///< in addition to the essential ones
    std::optional<std::int64_t> latest_time;  ///< of any file in it, seconds since 1970
};

/// The lines of a sources.list for one suite with its updates and security updates, out of
/// what `apt-get indextargets` prints as "URI|RELEASE|COMPONENT|SIGNED-BY", a line each.
std::vector<std::string> suite_sources(const std::string& targets, const std::string& suite);

/// Has mmdebstrap(1) install the packages from this machine's own apt sources, maintainer
/// scripts and all, and gives the tar archive of it, which is kept in the cache.
/// Throws a usage Error for an unknown suite or package, and a host Error when mmdebstrap, or
/// what executes the other architecture's scripts, is not installed.
std::filesystem::path debian_system(const DebianRequest& request, const std::filesystem::path& cache,
                                    const Why& why);

}  // namespace lktest
