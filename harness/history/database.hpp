// SPDX-License-Identifier: MIT
#pragma once

#include <sqlite3.h>

#include <filesystem>
#include <string>
#include <vector>

#include "builder/base/handle.hpp"
#include "harness/history/trend.hpp"
#include "harness/results/run.hpp"

namespace lktest {

/// The history of the runs below a directory, by default lktest-results/history.db: each project has its own.
std::filesystem::path history_in(const std::filesystem::path& results);

/// The results of cells in earlier runs, in an SQLite file:
///
///     run(id, started, directory, host, version)
///     cell(id, run, name, image, accelerator, outcome, class, seconds)    image: SHA-256 of what it booted,
///     or empty milestone(cell, name, at)
///
/// Several lktest processes may use it at once. Throws a host Error if the file cannot be created or read, or
/// was written by a newer lktest.
class History {
public:
    /// Creates the file and its directory if needed.
    explicit History(const std::filesystem::path& file);

    /// Adds the cells that have ended, all or none of them. Ignores a run that it already has.
    /// @return whether it was new
    bool record(const results::Run& run);

    /// The last `runs` results of each cell, oldest first.
    std::vector<Sample> samples(std::size_t runs);

private:
    void execute(const char* sql);

    std::filesystem::path file_;
    Handle<sqlite3, sqlite3_close> database_;
};

}  // namespace lktest
