// SPDX-License-Identifier: MIT
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace lktest {

/// lktest(1), in the man macros of groff_man(7).
std::string man_page(const CLI::App& app);

/// lktest-COMMAND(1): the command's help, and a pointer to the shared sections.
std::string command_page(const CLI::App& command);

/// lktest-scenario(5), from scenarios/README.md.
std::string scenario_page(const std::string& readme);

/// lktest-recipe(5), from builder/README.md.
/// @param example  a whole recipe
std::string recipe_page(const std::string& readme, const std::string& example);

}  // namespace lktest
