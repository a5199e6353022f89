// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>

#include "harness/results/run_files.hpp"
#include "harness/run/run.hpp"

namespace CLI {
class App;
}

namespace lktest {

/// Options of `lktest rerun`.
struct RerunRequest {
    std::filesystem::path run = results::default_directory;
    bool failed = false;
    bool host_steps = false;  ///< see RunOptions; never taken from a saved run, whose author may be anyone
};

void add_rerun(CLI::App& app, RerunRequest& request);

/// The options that made the run; with `failed`, only its cells that did not pass. Throws a usage Error if
/// there is nothing to run again.
RunOptions options_again(const RerunRequest& request);

}  // namespace lktest
