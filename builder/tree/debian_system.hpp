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

/// A Debian system with installed packages, not only unpacked ones.
struct DebianRequest {
    std::string suite;  ///< "bookworm"
    Arch arch = Arch::x86_64;
    std::vector<std::string> packages;        ///< in addition to the essential ones
    std::optional<std::int64_t> latest_time;  ///< of any file in it, seconds since 1970
};

/// Has mmdebstrap(1) install the packages from this machine's own apt sources, maintainer
/// scripts and all, and gives the tar archive of it, which is kept in the cache.
/// Throws a usage Error for an unknown suite or package, and a host Error when mmdebstrap, or
/// what executes the other architecture's scripts, is not installed.
std::filesystem::path debian_system(const DebianRequest& request, const std::filesystem::path& cache,
                                    const Why& why);

}  // namespace lktest
