// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace lktest {

/// What the user asked of `lktest history`.
struct HistoryRequest {
    std::string cell;                        ///< shown when its name holds this; empty: all
    std::filesystem::path file;              ///< empty: default_history()
    std::vector<std::filesystem::path> add;  ///< runs to add before anything is shown
    std::size_t recent = 5;                  ///< passes that are tested against those before
    bool fail_on_regression = false;
    bool json = false;
};

void add_history(CLI::App& app, HistoryRequest& request);

/// Shows pass rate, flakiness and boot times of each cell. Returns 1 when a stage became slower and
/// fail_on_regression is set.
int history(const HistoryRequest& request);

}  // namespace lktest
