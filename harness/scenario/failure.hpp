// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "builder/base/toml_reader.hpp"
#include "harness/scenario/scenario.hpp"

namespace lktest {

/// The [[failure]] tables of a scenario or of the catalogue, in their order: of two that
/// match the same line the first counts. Every fault in them becomes a problem of `source`.
std::vector<Failure> read_failure_tables(TomlSource& source, const std::vector<const toml::table*>& tables);

}  // namespace lktest
