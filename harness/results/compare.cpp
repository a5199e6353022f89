// SPDX-License-Identifier: MIT
#include "harness/results/compare.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

namespace lktest::results {
namespace {

/// A stage counts as slower if it took 50 % longer, and at least this much: smaller differences are noise on
/// a machine with other load.
constexpr double slower_by_factor = 1.5;
constexpr std::chrono::seconds slower_by{1};

/// How long each stage took, by the milestone that ended it.
std::vector<MilestoneTime> stages(const CellResult& cell) {
    std::vector<MilestoneTime> found = cell.milestones;
    std::ranges::stable_sort(found, {}, &MilestoneTime::at);
    std::chrono::microseconds before{};
    for (MilestoneTime& milestone : found)
        milestone.at -= std::exchange(before, milestone.at);
    return found;
}

void compare_times(const CellResult& before, const CellResult& now, std::vector<SlowerStage>& slower) {
    const std::vector<MilestoneTime> then = stages(before);
    for (const MilestoneTime& stage : stages(now)) {
        const auto same = std::ranges::find(then, stage.name, &MilestoneTime::name);
        if (same != then.end() &&
            static_cast<double>(stage.at.count()) >
                static_cast<double>(same->at.count()) * slower_by_factor &&
            stage.at > same->at + slower_by)
            slower.push_back({now.cell.name, stage.name, same->at, stage.at});
    }
}

Comparison::Change change(const CellResult& cell) {
    if (!cell.verdict)
        return {cell.cell.name, "did not run"};
    const Ending& ending = *cell.verdict;
    return {cell.cell.name,
            ending.reason.empty() ? ending.outcome : fmt::format("{}: {}", ending.outcome, ending.reason)};
}

/// A cell of `now`, and its earlier result if it had one.
void compare_cell(const CellResult* was, const CellResult& cell, Comparison& found) {
    if (!was && cell.failed() && !cell.tolerated()) {
        found.newly_failing.push_back(change(cell));
        found.newly_failing.back().is_new = true;
        return;
    }
    if (!was)
        found.added.push_back(cell.cell.name);
    if (cell.passed()) {
        if (was && was->failed())
            found.fixed.push_back(change(*was));
        if (was && was->passed())
            compare_times(*was, cell, found.slower);
    } else if (cell.tolerated()) {
        if (!was || !was->tolerated())
            found.newly_tolerated.push_back(change(cell));
    } else if (was && was->failed()) {
        found.still_failing.push_back(change(cell));
    } else if (was && (cell.failed() || was->passed() || was->tolerated())) {
        found.newly_failing.push_back(change(cell));
    }
}

}  // namespace

Comparison compare(const Run& before, const Run& now) {
    Comparison found;
    std::map<std::string_view, const CellResult*> old;
    for (const CellResult& cell : before.cells)
        old.emplace(cell.cell.name, &cell);
    for (const CellResult& cell : now.cells) {
        const auto known = old.find(cell.cell.name);
        const CellResult* was = known == old.end() ? nullptr : known->second;
        if (was)
            old.erase(known);
        if (cell.bootable())
            compare_cell(was, cell, found);
    }
    for (const CellResult& cell : before.cells)
        if (old.contains(cell.cell.name) && cell.bootable())
            found.gone.push_back(cell.cell.name);
    return found;
}

}  // namespace lktest::results
