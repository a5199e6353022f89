// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "builder/recipe.hpp"

namespace lktest {

/// The path of the image's static busybox in a root that does not report itself.
inline constexpr const char* report_busybox = "/usr/lib/lktest/busybox";

/// The files that make a root report "userspace" and "network", as lktest's own media do.
/// They need `report_busybox`. None for Report::none.
std::vector<ExtraFile> report_files(Report report);

}  // namespace lktest
