// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "builder/base/platform.hpp"
#include "builder/tree/apt_sources.hpp"

namespace lktest {

/// Which sources a choice of packages depends on, as text: those of the suite, or all of the machine's.
/// @param suite  may be empty
std::string sources_identity(const std::string& suite);

/// The sources of a suite that exist, each looked up in its archive.
/// Throws a NoSuchPackage without names that lists the suites of the archives if none offers it.
std::vector<AptSource> existing_sources(const std::string& suite, const std::filesystem::path& scratch);

/// Lists of one suite alone, in a directory of ours, and the options (after each "-o") that make apt use
/// them. The machine's own lists and pins play no part. They are downloaded again after a day.
/// @param suite  empty: no options; apt uses the machine's own
std::vector<std::string> apt_suite_options(const std::string& suite, Arch arch,
                                           const std::filesystem::path& cache);

}  // namespace lktest
