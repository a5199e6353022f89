// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "harness/cli/run.hpp"

namespace lktest {

/// The user's files that a run is made of: ISOs, or the recipe and its root; scenarios; known failures.
/// A recipe that cannot be read at the moment is one of them by itself. Throws a usage Error when a name
/// stands for nothing, or for what never stands still: the running machine.
std::vector<std::filesystem::path> inputs_of(const RunOptions& options);

/// Differs when a file has changed, or a file of a directory, at any depth: its size, its mode, or when and
/// where it was last changed (stat(2)). What is not there is a state like another. No file is read, no
/// symbolic link below a directory is followed.
/// @param except  a directory that is left out: where the runs write
std::uint64_t fingerprint(const std::vector<std::filesystem::path>& paths,
                          const std::filesystem::path& except);

/// Runs `lktest run` as the user gave it, and again whenever one of its inputs has changed and stands still,
/// until it is ended by a signal. A run in progress is ended by the same signal, or by lktest's own death.
/// @return the exit status of the last run
int watch_and_run(const RunOptions& options);

}  // namespace lktest
