// SPDX-License-Identifier: MIT
#include "harness/report/compare.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

namespace lktest {
namespace {

/// A stage counts as slower when it took half as long again, and this many seconds more: less is noise
/// of a machine that does other things too.
constexpr double slower_by_factor = 1.5, slower_by_seconds = 1;

/// How long each stage took, by the milestone that ended it.
std::vector<SavedMilestone> stages(const SavedCell& cell) {
    std::vector<SavedMilestone> found = cell.milestones;
    std::ranges::stable_sort(found, {}, &SavedMilestone::at);
    double before = 0;
    for (SavedMilestone& milestone : found)
        milestone.at -= std::exchange(before, milestone.at);
    return found;
}

void compare_times(const SavedCell& before, const SavedCell& now, std::vector<SlowerStage>& slower) {
    const std::vector<SavedMilestone> then = stages(before);
    for (const SavedMilestone& stage : stages(now)) {
        const auto same = std::ranges::find(then, stage.name, &SavedMilestone::name);
        if (same != then.end() && stage.at > same->at * slower_by_factor &&
            stage.at > same->at + slower_by_seconds)
            slower.push_back({now.name, stage.name, same->at, stage.at});
    }
}

std::string reason_of(const SavedCell& cell) {
    if (cell.outcome.empty())
        return "did not run";
    return cell.reason.empty() ? cell.outcome : fmt::format("{}: {}", cell.outcome, cell.reason);
}

}  // namespace

Comparison compare(const SavedRun& before, const SavedRun& now) {
    Comparison found;
    std::map<std::string_view, const SavedCell*> old;
    for (const SavedCell& cell : before.cells)
        old.emplace(cell.name, &cell);
    for (const SavedCell& cell : now.cells) {
        const auto known = old.find(cell.name);
        const SavedCell* was = known == old.end() ? nullptr : known->second;
        if (was)
            old.erase(known);
        if (!cell.bootable())
            continue;
        if (!was)
            found.added.push_back(cell.name);
        if (cell.passed()) {
            if (was && was->failed())
                found.fixed.push_back({cell.name, reason_of(*was)});
            if (was && was->passed())
                compare_times(*was, cell, found.slower);
        } else if (was && was->failed()) {
            found.still_failing.push_back({cell.name, reason_of(cell)});
        } else if ((was && was->passed()) || cell.failed()) {
            found.newly_failing.push_back({cell.name, reason_of(cell)});
        }
    }
    for (const SavedCell& cell : before.cells)
        if (old.contains(cell.name) && cell.bootable())
            found.gone.push_back(cell.name);
    return found;
}

std::string text_comparison(const Comparison& comparison, const Style& style) {
    std::string text;
    const auto print = [&](const Line& line) { text += paint(line, style) + "\n"; };
    const auto changes = [&](std::string_view title, const std::vector<Comparison::Change>& cells,
                             const Span& mark) {
        if (cells.empty())
            return;
        print({{fmt::format("{}: {}", title, cells.size()), Tone::strong}});
        for (const auto& [cell, reason] : cells)
            print({{"  "}, mark, {" " + cell}, {reason.empty() ? "" : "  " + reason, Tone::dim}});
    };
    const auto names = [&](std::string_view title, const std::vector<std::string>& cells) {
        if (!cells.empty())
            print({{fmt::format("{}: {}", title, cells.size()), Tone::strong}});
        for (const std::string& cell : cells)
            print({{"    " + cell}});
    };
    changes("newly failing", comparison.newly_failing, {"✗", Tone::bad});
    changes("fixed", comparison.fixed, {"✓", Tone::good});
    changes("still failing", comparison.still_failing, {"✗", Tone::dim});
    if (!comparison.slower.empty())
        print({{fmt::format("slower: {}", comparison.slower.size()), Tone::strong}});
    for (const SlowerStage& stage : comparison.slower)
        print({{fmt::format("    {}  {}", stage.cell, stage.milestone)},
               {fmt::format("  {:.1f}s → {:.1f}s", stage.before, stage.now), Tone::dim}});
    names("new cells", comparison.added);
    names("cells that are gone", comparison.gone);
    if (text.empty())
        print({{"✓", Tone::good}, {" every cell ended as before"}});
    return text;
}

}  // namespace lktest
