// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "harness/cli/run_plan.hpp"
#include "harness/report/store.hpp"
#include "harness/results/run.hpp"

namespace lktest {

/// A run whose cells' results come in from other machines, each as a run of its own.
class GatheredRun {
public:
    /// Begins with the plan: its cells have no verdict yet, except those that are not applicable.
    GatheredRun(const RunOptions& options, const RunPlan& plan, const RunDirectory& directory);

    /// Takes the result of the cell at a place of the plan, and its files, from a run of this one cell.
    void take(results::Run run, std::size_t place);
    /// A verdict that no machine gave.
    void judge(std::size_t place, const Verdict& verdict);
    /// No more results will come.
    void complete();

    const results::Run& run() const { return run_; }

    /// Writes matrix.json and junit.xml, and index.html, as things stand.
    void write_matrix();
    void write_page() const;

private:
    const RunDirectory& directory_;
    const std::string usual_;
    results::Run run_;
    std::vector<std::string> packed_;  ///< of each cell of the plan
    std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

}  // namespace lktest
