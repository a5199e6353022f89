// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>
#include <vector>

#include "builder/base/toml_reader.hpp"
#include "harness/scenario/scenario.hpp"

namespace lktest {

/// The expressions of `key`, one string or an array of them. Reports an invalid expression, and one that
/// matches an empty line, as a problem at its own place.
std::vector<Pattern> read_patterns(TomlSource& source, TableReader& table, std::string_view key);

/// "lines", "prompt", "screen"; View::lines if the key is missing or invalid.
View read_view(TableReader& table);

}  // namespace lktest
