// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "builder/base/ci_commands.hpp"
#include "builder/base/printable.hpp"

namespace lktest {

/// Keeps its members in the order in which they are added.
using Json = nlohmann::ordered_json;

/// A printable string; null for an empty one.
inline Json json_text(std::string_view value) {
    return value.empty() ? Json() : Json(printable(value));
}

inline Json json_strings(const std::vector<std::string>& values) {
    Json array = Json::array();
    for (const std::string& value : values)
        array.push_back(printable(value));
    return array;
}

/// JSON for printing: always valid UTF-8, and free of CI commands.
/// @param indent  of each level; -1 puts everything on one line
inline std::string json_output(const Json& json, int indent = -1) {
    return json_without_commands(json.dump(indent, ' ', false, Json::error_handler_t::replace));
}

}  // namespace lktest
