// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "harness/results/run.hpp"

namespace lktest::results {

/// A stage of a boot, from one milestone to the next, that took clearly longer. Single runs are not proof;
/// `lktest history` tests many.
struct SlowerStage {
    std::string cell, milestone;
    std::chrono::microseconds before{}, now{};
};

/// The changes of cells from one run to another: names of cells, in the order of `now`.
struct Comparison {
    struct Change {
        std::string cell, reason;
        bool is_new = false;  ///< the earlier run does not have the cell
    };
    std::vector<Change> newly_failing, fixed, still_failing;
    std::vector<Change> newly_tolerated;  ///< did not pass, and does not fail the run
    std::vector<std::string> added;       ///< but not those that fail
    std::vector<std::string> gone;
    std::vector<SlowerStage> slower;
};

/// A cell is newly failing if it failed or did not end, and did not fail before.
Comparison compare(const Run& before, const Run& now);

}  // namespace lktest::results
