// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>

namespace CLI {
class App;
}

namespace lktest {

/// What the user asked of `lktest init`.
struct InitRequest {
    std::filesystem::path directory = ".";
};

void add_init(CLI::App& app, InitRequest& request);

/// Writes a commented scenario and recipe to begin with. Throws a usage Error when one of them is there
/// already. Returns the exit status.
int init(const InitRequest& request);

}  // namespace lktest
