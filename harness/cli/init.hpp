// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>

namespace CLI {
class App;
}

namespace lktest {

/// Options of `lktest init`.
struct InitRequest {
    std::filesystem::path directory = ".";
};

void add_init(CLI::App& app, InitRequest& request);

/// Writes a commented scenario and recipe to start from. Throws a usage Error if either exists. Returns the
/// exit status.
int init(const InitRequest& request);

}  // namespace lktest
