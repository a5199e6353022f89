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

/// How a cell ended once.
struct Sample {
    std::string cell, started, host, accelerator, outcome, outcome_class;
    double seconds = 0;
    std::vector<SampleMilestone> milestones;

    bool passed() const { return outcome_class == "passed"; }
};

/// A stage of a boot that takes longer than it did, and not by chance.
struct Regression {
    std::string milestone;                ///< that the stage ends with
    double before = 0, now = 0;           ///< medians, in seconds
    double p = 1;                         ///< how probable it would be by chance
    std::size_t earlier = 0, recent = 0;  ///< how many boots were compared
};

/// Statistics of one cell.
struct CellTrend {
    std::string cell;
    std::size_t runs = 0, passes = 0;
    std::size_t changes = 0;      ///< how often it passed after it had failed, or the other way round
    std::vector<double> seconds;  ///< of its passes on the newest sample's host and accelerator
    std::vector<Regression> regressions;

    double pass_rate() const {
        return runs == 0 ? 0 : static_cast<double>(passes) / static_cast<double>(runs);
    }
    /// 0: always the same; 1: another outcome each time.
    double flakiness() const {
        return runs < 2 ? 0 : static_cast<double>(changes) / static_cast<double>(runs - 1);
    }
};

/// Pure. The last `recent` passes of each cell are tested against those before (Mann–Whitney U), on the same
/// host and accelerator, all stages of all cells together at the level `alpha` (Holm). Host faults and
/// cancelled boots say nothing of a medium and count as nothing.
/// @param samples  of any cells, of each the oldest first
std::vector<CellTrend> trends(const std::vector<Sample>& samples, std::size_t recent, double alpha);

/// {"CELL": {"MILESTONE": seconds}}: medians of when passes reached their milestones.
Json usual_times(const std::vector<Sample>& samples);

/// For a person: a line for each cell, and what became slower.
std::string text_trends(const std::vector<CellTrend>& trends, const Style& style);

/// For programs: schema "lktest.history/1".
std::string json_trends(const std::vector<CellTrend>& trends);

}  // namespace lktest
