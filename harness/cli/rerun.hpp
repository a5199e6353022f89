// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>

#include "harness/cli/run.hpp"

namespace CLI {
class App;
}

namespace lktest {

/// What the user asked of `lktest rerun`.
struct RerunRequest {
    std::filesystem::path run = "lktest-results";
    bool failed = false;
    bool host_steps = false;  ///< as RunOptions has it: a saved run, which may be anybody's, cannot allow it
};

void add_rerun(CLI::App& app, RerunRequest& request);

/// The options that made the run, and with `failed` only its cells that did not pass. Throws a usage
/// Error when there is nothing to run again.
RunOptions options_again(const RerunRequest& request);

}  // namespace lktest
