// SPDX-License-Identifier: MIT
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "builder/base/toml_reader.hpp"

namespace lktest {

/// The values of `key`, a name or an array of names. Reports unknown names as problems.
template <typename Value, std::size_t count>
std::vector<Value> read_names(TomlSource& source, TableReader& table, std::string_view key,
                              const std::array<Value, count>& all) {
    std::array<std::string_view, count> names;
    std::ranges::transform(all, names.begin(), [](Value value) { return name(value); });
    std::vector<Value> values;
    for (const PlacedText& text : table.texts(key)) {
        if (const auto found = std::ranges::find(names, text.text); found != names.end())
            values.push_back(all[static_cast<std::size_t>(found - names.begin())]);
        else
            source.complain(text.where, fmt::format("unknown {} '{}'", key, text.text),
                            suggestion(text.text, names));
    }
    return values;
}

}  // namespace lktest
