// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "builder/base/json_text.hpp"
#include "harness/report/style.hpp"

namespace lktest {

/// A milestone of one boot.
struct SampleMilestone {
    std::string name;
    double at = 0;  ///< seconds since power-on
};

/// One result of a cell.
struct Sample {
    std::string cell, started, host, accelerator, outcome, outcome_class;
    std::string image;  ///< SHA-256 of what it booted; empty if unknown
    double seconds = 0;
    std::vector<SampleMilestone> milestones;

    bool passed() const { return outcome_class == "passed"; }
};

/// A stage of a boot that became significantly slower.
struct Regression {
    std::string milestone;                ///< at the end of the stage
    double before = 0, now = 0;           ///< medians, in seconds
    double p = 1;                         ///< probability of this by chance
    std::size_t earlier = 0, recent = 0;  ///< number of compared boots
};

/// Statistics of one cell.
struct CellTrend {
    std::string cell;
    std::size_t runs = 0, passes = 0;
    std::size_t repeats = 0;  ///< boots of an image that this cell had booted before
    std::size_t changes = 0;  ///< those that passed although the one before failed, or the other way round
    std::vector<double> seconds;  ///< of its passes on the newest sample's host and accelerator
    std::vector<Regression> regressions;

    double pass_rate() const {
        return runs == 0 ? 0 : static_cast<double>(passes) / static_cast<double>(runs);
    }
    /// 0: the same bytes always had the same outcome; 1: another one each time.
    double flakiness() const {
        return repeats == 0 ? 0 : static_cast<double>(changes) / static_cast<double>(repeats);
    }
};

/// Pure. The last `recent` passes of each cell are tested against those before (Mann–Whitney U), on the same
/// host and accelerator, all stages of all cells together at the level `alpha` (Holm). Host faults and
/// cancelled boots are ignored, because they say nothing about a medium.
/// @param samples  of any cells, oldest first for each cell
std::vector<CellTrend> trends(const std::vector<Sample>& samples, std::size_t recent, double alpha);

/// {"CELL": {"MILESTONE": seconds}}: the median times at which passes reached their milestones.
Json usual_times(const std::vector<Sample>& samples);

/// For people: a line for each cell, and the stages that became slower.
std::string text_trends(const std::vector<CellTrend>& trends, const Style& style);

/// For programs: schema "lktest.history/1".
std::string json_trends(const std::vector<CellTrend>& trends);

}  // namespace lktest
