// SPDX-License-Identifier: MIT
#include "harness/results/merge.hpp"

#include <algorithm>
#include <map>
#include <string_view>

namespace lktest::results {
namespace {

/// The index of the result that counts.
struct Place {
    std::size_t run = 0, cell = 0;
};

std::vector<Place> choose(std::span<const Run> runs) {
    std::vector<Place> places;
    std::map<std::string_view, std::size_t> known;  // cell → index in places
    for (std::size_t r = 0; r < runs.size(); ++r)
        for (std::size_t c = 0; c < runs[r].cells.size(); ++c) {
            const CellResult& cell = runs[r].cells[c];
            const auto [entry, is_new] = known.emplace(cell.cell.name, places.size());
            if (is_new) {
                places.push_back({r, c});
                continue;
            }
            Place& before = places[entry->second];
            const bool before_unproven = runs[before.run].cells[before.cell].unproven();
            const bool later = runs[r].started >= runs[before.run].started;
            if (cell.unproven() == before_unproven ? later : before_unproven)
                before = {r, c};
        }
    return places;
}

}  // namespace

Merge merge(std::span<const Run> runs, const std::vector<std::string>& command) {
    Merge merged;
    Run& whole = merged.run;
    whole = runs.front();
    whole.cells.clear();
    whole.runs.clear();
    whole.directory.clear();
    whole.command = command;
    for (const Place& place : choose(runs)) {
        whole.cells.push_back(runs[place.run].cells[place.cell]);
        merged.origin.push_back(place.run);
    }
    auto end = whole.started + whole.took;
    for (const Run& run : runs) {
        add_images(whole, run);
        whole.runs.push_back({run.directory.string(), utc_time(run.started), run.took, run.command});
        whole.started = std::min(whole.started, run.started);
        end = std::max(end, run.started + run.took);
        whole.complete = whole.complete && run.complete;
    }
    whole.took = std::chrono::duration_cast<std::chrono::microseconds>(end - whole.started);
    return merged;
}

}  // namespace lktest::results
