// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>

#include "harness/results/run.hpp"
#include "harness/run/schedule.hpp"

namespace lktest {

/// How long each cell took when it last passed. Empty if the file is missing or unreadable.
Timings read_timings(const std::filesystem::path& file);

/// Adds the passed cells of this run. Failing to write is not an error: timings only improve the order.
void remember_timings(const std::filesystem::path& file, const results::Run& run);

}  // namespace lktest
