// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "harness/run/run_plan.hpp"

namespace lktest {

inline constexpr const char* own_scenario = "boot";            ///< our media report every stage
inline constexpr const char* foreign_scenario = "any-medium";  ///< checks only what all media report

inline const std::vector<Medium> network_media = media_of(true);

/// The recipe of our own media as the user typed it, or the name of the recovery system's recipe.
std::string recipe_word(const RunOptions& options);

/// The images of the chosen recipe, or of the recovery system, one per requested architecture. They are built
/// later, once the plan is known to be valid. Throws a usage Error if the recipe is invalid or supports none
/// of these architectures.
std::vector<ImageChoice> own_images(const RunOptions& options);

/// Builds the images of our own recipe that the plan boots and that are missing or stale.
void build_what_is_stale(const RunPlan& plan, const RunOptions& options);

}  // namespace lktest
