// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "harness/report/saved_run.hpp"
#include "harness/report/style.hpp"

namespace lktest {

/// A stage of a boot, from one milestone to the next, that took clearly longer. Of single runs
/// nothing is proven: `lktest history` tests it over many.
struct SlowerStage {
    std::string cell, milestone;
    double before = 0, now = 0;  ///< seconds
};

/// What became of the cells from one run to another. Names of cells, in the order of `now`.
struct Comparison {
    struct Change {
        std::string cell, reason;
    };
    std::vector<Change> newly_failing, fixed, still_failing;
    std::vector<std::string> added, gone;
    std::vector<SlowerStage> slower;
};

/// Pure. A cell fails newly when it ended badly, or did not end, and passed before.
Comparison compare(const SavedRun& before, const SavedRun& now);

/// For a person. Nothing about what did not change.
std::string text_comparison(const Comparison& comparison, const Style& style);

}  // namespace lktest
