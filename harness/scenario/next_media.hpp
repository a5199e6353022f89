// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <vector>

#include "harness/scenario/scenario.hpp"

namespace lktest {

/// Lets a scenario boot further media on the same machine, which keeps its variable store and its TPM: puts
/// them into the steps that insert next_medium, and adds steps for the others. Throws a usage Error if there
/// are fewer media than such steps.
void use_next_media(Scenario& scenario, const std::vector<std::filesystem::path>& media);

}  // namespace lktest
