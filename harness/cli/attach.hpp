// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>

#include "harness/results/run_files.hpp"

namespace CLI {
class App;
}

namespace lktest {

/// Options of `lktest attach`.
struct AttachRequest {
    std::string cell;
    std::filesystem::path run = results::default_directory;
};

void add_attach(CLI::App& app, AttachRequest& request);

/// Connects the user's terminal to the console of a guest of a run in progress. Returns the exit status.
int attach(const AttachRequest& request);

}  // namespace lktest
