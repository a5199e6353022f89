// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "builder/recipe.hpp"

namespace lktest {

/// Where the image's static busybox is in a root that does not report by itself.
inline constexpr const char* report_busybox = "/usr/lib/lktest/busybox";

/// The files that make a root say "userspace" and "network", as lktest's own media do;
/// they need `report_busybox`. None for Report::none.
std::vector<ExtraFile> report_files(Report report);

}  // namespace lktest
