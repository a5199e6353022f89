// SPDX-License-Identifier: MIT
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace lktest {

/// lktest(1), in the man macros of groff_man(7).
std::string man_page(const CLI::App& app);

/// lktest-COMMAND(1): the command's help, and a pointer to the shared sections.
std::string command_page(const CLI::App& command);

}  // namespace lktest
