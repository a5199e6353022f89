// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "harness/cli/run_plan.hpp"
#include "harness/report/merge.hpp"
#include "harness/report/store.hpp"

namespace lktest {

/// A run's directory while its cells' results come in from other machines, each as a run of its own.
class GatheredRun {
public:
    /// Begins with the plan: its cells have no verdict yet, but for those that are not applicable.
    GatheredRun(const RunOptions& options, const RunPlan& plan, const RunDirectory& run);

    /// Takes a run of the one cell at a place of the plan, and its files, from the run's directory.
    void take(SavedRun run, const std::filesystem::path& from, std::size_t place);
    /// A verdict that no machine gave.
    void judge(std::size_t place, const Verdict& verdict);
    /// No more will come.
    void complete();

    /// Writes matrix.json and junit.xml, and index.html, as things stand.
    void write_matrix();
    void write_page();

private:
    RunReport empty_report() const;
    void add(const RunReport& report);

    const RunOptions& options_;
    const RunPlan& plan_;
    const RunDirectory& run_;
    const std::string usual_;
    std::vector<SavedRun> runs_;       ///< the plan, then what is known of cells
    std::vector<std::string> junits_;  ///< of each
    std::vector<std::string> packed_;  ///< of each cell of the plan
    std::string matrix_;
    std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

}  // namespace lktest
