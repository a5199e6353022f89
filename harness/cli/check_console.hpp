// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <vector>

namespace CLI {
class App;
}

namespace lktest {

/// What the user asked of `lktest check-console`.
struct CheckConsoleRequest {
    std::vector<std::filesystem::path> files;
    bool json = false;
};

void add_check_console(CLI::App& app, CheckConsoleRequest& request);

/// Says of saved console logs how far the boot came and what failed in it. Returns the exit status: 1
/// when there is a failure in any of them.
int check_console(const CheckConsoleRequest& request);

}  // namespace lktest
