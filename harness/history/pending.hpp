// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <filesystem>

#include "harness/history/database.hpp"
#include "harness/results/run.hpp"

namespace lktest {

/// Keeps a run that could not be added to a history, beside the history's file: another process may have it
/// locked. Throws a host Error if that cannot be written either.
/// @return the file that has the run
std::filesystem::path keep_pending(const std::filesystem::path& history, const results::Run& run);

/// Adds the runs that were kept, and removes their files. A file that is not a run is left alone.
/// @return how many were added
std::size_t record_pending(const std::filesystem::path& file, History& history);

}  // namespace lktest
