// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "builder/base/toml_reader.hpp"
#include "harness/scenario/scenario.hpp"

namespace lktest {

/// The [[failure]] tables of a scenario or of the catalogue, in their order: of two that
/// match the same line the first counts. Every fault in them becomes a problem of `source`.
std::vector<Failure> read_failure_tables(TomlSource& source, const std::vector<const toml::table*>& tables);

/// The failure's reason with the groups of the pattern that matched put in; the text itself when it has none.
std::string reason_in(const Failure& failure, std::string_view matched);

}  // namespace lktest
