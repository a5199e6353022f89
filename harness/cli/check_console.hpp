// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <vector>

namespace CLI {
class App;
}

namespace lktest {

/// Options of `lktest check-console`.
struct CheckConsoleRequest {
    std::vector<std::filesystem::path> files;
    bool json = false;
};

void add_check_console(CLI::App& app, CheckConsoleRequest& request);

/// Reports how far the boot came in saved console logs, and what failed. Returns the exit status: 1 if any
/// log shows a failure.
int check_console(const CheckConsoleRequest& request);

}  // namespace lktest
