// SPDX-License-Identifier: MIT
#include "harness/run/select_cells.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "builder/base/error.hpp"
#include "builder/base/printable.hpp"
#include "harness/results/json.hpp"

namespace lktest {
namespace {

/// The duration of each cell in the run that --timings names. The user's own history is not used, because
/// every machine that runs a shard must divide the cells in the same way.
std::map<std::string, double> timings(const RunOptions& options) {
    std::map<std::string, double> seconds;
    if (options.timings.empty())
        return seconds;
    for (const results::CellResult& cell : results::read_run(options.timings).cells)
        if (cell.verdict && cell.verdict->took.count() > 0)
            seconds.emplace(cell.cell.name, std::chrono::duration<double>(cell.verdict->took).count());
    return seconds;
}

void keep_shard(std::vector<PlannedCell>& cells, const Shard& shard, const RunOptions& options) {
    const std::map<std::string, double> measured = timings(options);
    std::vector<std::string> names;
    std::vector<WeighedCell> weighed;
    names.reserve(cells.size());
    for (const PlannedCell& planned : cells) {
        names.push_back(name(planned.cell));
        const auto known = measured.find(names.back());
        const double seconds =
            known == measured.end() ? static_cast<double>(usual_time(planned.cell).count()) : known->second;
        weighed.push_back({names.back(), planned.not_applicable ? 0 : seconds});
    }
    const std::vector<std::size_t> parts = deal(weighed, shard.of);
    std::size_t index = 0;
    std::erase_if(cells, [&](const PlannedCell&) { return parts[index++] != shard.number; });
}

}  // namespace

void select_cells(std::vector<PlannedCell>& cells, const RunOptions& options) {
    if (!options.only.empty()) {
        const std::set<std::string> only(options.only.begin(), options.only.end());
        std::erase_if(
            cells, [&](const PlannedCell& planned) { return !only.contains(printable(name(planned.cell))); });
        if (cells.empty())
            throw usage_error("none of the failed cells is in the matrix any more",
                              "omit --failed to boot the matrix as it is now");
    }
    if (options.shard)
        keep_shard(cells, *options.shard, options);
}

}  // namespace lktest
