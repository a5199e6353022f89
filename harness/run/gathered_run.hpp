// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "harness/report/store.hpp"
#include "harness/results/run.hpp"
#include "harness/run/run_plan.hpp"

namespace lktest {

/// A run assembled from the results of other machines, each of which reports one cell as a separate run.
class GatheredRun {
public:
    /// Starts from the plan: cells have no verdict yet, unless they are not applicable.
    GatheredRun(const RunOptions& options, const RunPlan& plan, const RunDirectory& directory);

    /// Adds the result and the files of one cell, from a run of only this cell.
    /// @param place  index of the cell in the plan
    void take(results::Run run, std::size_t place);
    /// Sets a verdict that lktest itself reached.
    void judge(std::size_t place, const Verdict& verdict);
    /// Call it when no more results will come.
    void complete();

    const results::Run& run() const { return run_; }

    /// Writes matrix.json, junit.xml and index.html with the results so far.
    void write_matrix();
    void write_page() const;

private:
    const RunDirectory& directory_;
    const std::string usual_;
    results::Run run_;
    std::vector<std::string> packed_;  ///< one entry per cell of the plan
    std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

}  // namespace lktest
