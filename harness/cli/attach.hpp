// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>

namespace CLI {
class App;
}

namespace lktest {

/// What the user asked of `lktest attach`.
struct AttachRequest {
    std::string cell;
    std::filesystem::path run = "lktest-results";
};

void add_attach(CLI::App& app, AttachRequest& request);

/// Puts the user's terminal on the console of a guest of a run that is going on. Returns the exit status.
int attach(const AttachRequest& request);

}  // namespace lktest
