// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>

#include "harness/boot/run.hpp"
#include "harness/results/run.hpp"

namespace lktest {

/// How long cells took the last time that they passed. A file that is not there or not readable tells
/// nothing.
Timings read_timings(const std::filesystem::path& file);

/// Adds the cells of this run that passed. What cannot be kept is no fault: it is only for a good order.
void remember_timings(const std::filesystem::path& file, const results::Run& run);

}  // namespace lktest
