// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <filesystem>

#include "harness/history/database.hpp"
#include "harness/results/run.hpp"

namespace lktest {

/// Keeps a run that could not be added to a history, for example because another process has locked it, in a
/// file next to the history. Throws a host Error if that cannot be written either.
/// @return the file that has the run
std::filesystem::path keep_pending(const std::filesystem::path& history, const results::Run& run);

/// Adds the kept runs, and removes their files. Ignores files that are not runs.
/// @return the number of added runs
std::size_t record_pending(const std::filesystem::path& file, History& history);

}  // namespace lktest
