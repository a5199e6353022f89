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
    std::string suite;  ///< as in this machine's apt sources: "bookworm"
    Arch arch = Arch::x86_64;
    std::vector<std::string> packages;        ///< in addition to the essential ones
    std::optional<std::int64_t> latest_time;  ///< of any file in it, seconds since 1970
};

/// The lines of a sources.list for one suite with its updates and security updates, from the
/// output of `apt-get indextargets` in lines of "URI|RELEASE|COMPONENT|SIGNED-BY".
std::vector<std::string> suite_sources(const std::string& targets, const std::string& suite);

/// Runs mmdebstrap(1) to install the packages from this machine's apt sources, including maintainer
/// scripts. Returns the tar archive of the system, which is kept in the cache.
/// Throws a usage Error for an unknown suite or package, and a host Error if mmdebstrap, or
/// the emulator for the other architecture's scripts, is not installed.
std::filesystem::path debian_system(const DebianRequest& request, const std::filesystem::path& cache,
                                    const Why& why);

}  // namespace lktest
