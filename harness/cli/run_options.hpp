// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "harness/run/run.hpp"

namespace CLI {
class App;
}

namespace lktest {

/// Assigns the options of `run`, `matrix` or `debug` to the sections of their help.
void group_options(CLI::App& app);

/// The options that choose cells.
void add_cells(CLI::App& app, RunOptions& options);

/// The options that choose the cell to debug, and where to stop it.
void add_debugged(CLI::App& app, RunOptions& options);

/// @param default_jobs  how many cells this machine can run at once, as the help says it: "3 on this machine"
void add_run(CLI::App& app, RunOptions& options, const std::string& default_jobs);

}  // namespace lktest
