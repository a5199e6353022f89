// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

#include "builder/base/progress.hpp"
#include "builder/initramfs/kernel.hpp"
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

/// The directories and links of a root made of packages: /usr is merged there.
FileTree merged_usr();

/// The kernel's modules, to be laid over the root: their directory and nothing else, at the place that
/// /lib/modules leads to in the root.
FileTree modules_layer(const Kernel& kernel, const FileTree& root);

/// Where modules_layer() puts the modules, and the attributes of the directories there, as text for cached().
/// @param kernel  unset: a package
std::string modules_place(const std::optional<Kernel>& kernel, const FileTree& root);

/// The recipe's own files and links and what reports, to be laid over the root. A root whose init is not
/// /sbin/init gets a link to it there.
/// @param reporting  as report_files() returns them
/// @param busybox  static, for the image's architecture
/// @param time  of the files, seconds since 1970
FileTree files_over(const Recipe& recipe, const FileTree& root, const std::vector<ExtraFile>& reporting,
                    const Content& busybox, std::int64_t time);

/// Shell patterns for the paths of a kernel's excluded modules in the live root.
std::vector<std::string> module_exclusions(const Recipe& recipe);

}  // namespace lktest
