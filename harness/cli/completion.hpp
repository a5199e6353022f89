// SPDX-License-Identifier: MIT
#pragma once

#include <CLI/CLI.hpp>
#include <map>
#include <string>
#include <vector>

namespace lktest {

/// A script that bash sources to complete lktest's commands, options and their values.
/// @param names  the values of each placeholder: SCENARIO → boot, …
std::string bash_completion(const CLI::App& app, std::map<std::string, std::vector<std::string>> names);

/// The names of the cells that may follow `words` ("run", "--arch", "aarch64", "--cell"), one per line. They
/// are those of the matrix, after "history" those of the history, and after "attach" and "diagnose" those of
/// the guests of a run in progress. After "--stop-at" they are the scenario's milestones. Empty if the words
/// are wrong, because the shell asks while the user types.
std::string cell_names(std::vector<std::string> words);

}  // namespace lktest
