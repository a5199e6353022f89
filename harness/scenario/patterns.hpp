// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>
#include <vector>

#include "builder/base/toml_reader.hpp"
#include "harness/scenario/scenario.hpp"

namespace lktest {

/// The expressions of `key`, one string or an array of them. A bad one, and one that
/// matches an empty line and so says nothing, becomes a problem at its own place.
std::vector<Pattern> read_patterns(TomlSource& source, TableReader& table, std::string_view key);

/// "lines", "prompt", "screen"; View::lines when the key is absent or wrong.
View read_view(TableReader& table);

}  // namespace lktest
