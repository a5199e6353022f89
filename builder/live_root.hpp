// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "builder/base/progress.hpp"
#include "builder/recipe.hpp"
#include "builder/tree/fetch_packages.hpp"
#include "builder/tree/file_tree.hpp"

namespace lktest {

/// The files of the packages without what the recipe excludes, and the recipe's
/// links. A link is omitted, with a reason in `why`, if a package has a file of that name.
FileTree packages_layer(const Recipe& recipe, const std::vector<Package>& packages,
                        const std::filesystem::path& cache, const Progress& progress, const Why& why);

/// The recipe's own files. They cover those of the packages' layer.
/// @param time  of the files, seconds since 1970
FileTree files_layer(const Recipe& recipe, std::int64_t time);

/// The recipe's files and links and the reporting programs, to overlay the root.
/// @param reporting  from report_files()
/// @param busybox  static, for the image's architecture
/// @param time  of the files, seconds since 1970
FileTree files_over(const Recipe& recipe, const FileTree& root, const std::vector<ExtraFile>& reporting,
                    const Content& busybox, std::int64_t time);

/// Shell patterns for the paths of a kernel's excluded modules in the live root.
std::vector<std::string> module_exclusions(const Recipe& recipe);

}  // namespace lktest
