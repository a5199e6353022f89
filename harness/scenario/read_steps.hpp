// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "builder/base/toml_reader.hpp"
#include "harness/scenario/disk.hpp"
#include "harness/scenario/step.hpp"

namespace lktest {

/// The [[step]] tables of a scenario, in their order. Every fault in them becomes a problem of `source`.
/// @param disks  those of the scenario, which steps name
std::vector<Step> read_steps(TomlSource& source, const std::vector<const toml::table*>& tables,
                             const std::vector<DiskSettings>& disks);

}  // namespace lktest
