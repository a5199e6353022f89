// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "harness/cli/run_plan.hpp"

namespace lktest {

inline constexpr const char* own_scenario = "boot";            ///< our media say when each stage is reached
inline constexpr const char* foreign_scenario = "any-medium";  ///< of the others only what all of them say

inline const std::vector<Medium> network_media{Medium::pxe, Medium::http};

/// What the user calls the recipe of our own media, or the recovery system's name.
std::string recipe_word(const RunOptions& options);

/// The images of the recipe that the user names, or of the recovery system, for each architecture that is
/// asked for. They are built later, when the plan is known to hold. Throws a usage Error when the recipe is
/// wrong, or is for none of these architectures.
std::vector<ImageChoice> own_images(const RunOptions& options);

/// Builds those of our own images that the plan boots and that are missing or stale.
void build_what_is_stale(const RunPlan& plan, const RunOptions& options);

}  // namespace lktest
