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

/// $XDG_STATE_HOME/lktest/history.db, or ~/.local/state/lktest/history.db.
std::filesystem::path default_history();

/// What cells did in earlier runs, in an SQLite file:
///
///     run(id, started, directory, host, version)
///     cell(id, run, name, accelerator, outcome, class, seconds)
///     milestone(cell, name, at)
///
/// Several lktest may use it at once. Throws a host Error when the file cannot be made or read, or was
/// made by a later lktest.
class History {
public:
    /// Makes the file and its directory when they are missing.
    explicit History(const std::filesystem::path& file);

    /// Adds the cells that have ended, all or none of them. A run that is known already changes nothing.
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
