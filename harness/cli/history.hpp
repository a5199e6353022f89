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

/// Options of `lktest history`.
struct HistoryRequest {
    std::string cell;                        ///< only cells whose names contain this; empty shows all
    std::filesystem::path file;              ///< empty for that of lktest-results
    std::vector<std::filesystem::path> add;  ///< runs to add first
    std::size_t recent = 5;                  ///< number of passes to compare with the earlier ones
    bool fail_on_regression = false;
    bool json = false;
};

void add_history(CLI::App& app, HistoryRequest& request);

/// Shows pass rate, flakiness and boot times of each cell. Returns 1 if a stage became slower and
/// fail_on_regression is set.
int history(const HistoryRequest& request);

}  // namespace lktest
