// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <nlohmann/json.hpp>

namespace lktest {

/// The steps of a cell's scenario. Skipping a menu's countdown is a step of lktest's own, and is there only
/// if the countdown was seen.
inline std::ptrdiff_t own_steps(const nlohmann::json& cell) {
    const nlohmann::json& steps = cell.at("steps");
    return std::count_if(steps.begin(), steps.end(),
                         [](const nlohmann::json& step) { return step.at("name") != "press Enter"; });
}

}  // namespace lktest
