// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "builder/base/toml_reader.hpp"
#include "harness/scenario/disk.hpp"
#include "harness/scenario/step.hpp"

namespace lktest {

/// The [[step]] tables of a scenario, in order. Reports every error as a problem of `source`.
/// @param disks  of the scenario; steps refer to them by name
std::vector<Step> read_steps(TomlSource& source, const std::vector<const toml::table*>& tables,
                             const std::vector<DiskSettings>& disks);

}  // namespace lktest
