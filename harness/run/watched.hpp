// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "harness/run/run.hpp"

namespace lktest {

/// The user's files that affect a run: ISOs, or the recipe and its root; scenarios; known failures. If a
/// recipe cannot be read at the moment, only the recipe itself is listed. Throws a usage Error if a name
/// cannot be found, or if the input is the running system, which never stops changing.
std::vector<std::filesystem::path> inputs_of(const RunOptions& options);

/// Changes if a file, or a file at any depth below a directory, has changed: its size, its mode, or when and
/// where it was last changed (stat(2)). A missing file is a state like any other. It reads no files, and
/// follows no symbolic links below a directory.
/// @param except  a directory to skip: the one that the runs write to
std::uint64_t fingerprint(const std::vector<std::filesystem::path>& paths,
                          const std::filesystem::path& except);

/// Runs `lktest run` with the user's options, and again whenever an input has changed and is stable, until a
/// signal ends it. The signal, or the death of lktest, also ends a run in progress.
/// @return the exit status of the last run
int watch_and_run(const RunOptions& options);

}  // namespace lktest
