// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "builder/base/toml_reader.hpp"
#include "harness/scenario/scenario.hpp"

namespace lktest {

/// The [[failure]] tables of a scenario or of the catalogue, in order: the first match counts. Reports every
/// error as a problem of `source`.
std::vector<Failure> read_failure_tables(TomlSource& source, const std::vector<const toml::table*>& tables);

/// The failure's reason with the groups of the matching pattern inserted; the matched text if it has no
/// reason.
std::string reason_in(const Failure& failure, std::string_view matched);

}  // namespace lktest
