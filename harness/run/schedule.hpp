// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "harness/boot/boot.hpp"
#include "harness/boot/trials.hpp"

namespace lktest {

/// A cell to boot.
struct Assignment {
    BootCell cell;
    const Scenario* scenario;
    std::filesystem::path artefacts;
};

/// Receives events; called on the io_context, one call at a time.
struct RunObserver {
    std::function<void(const BootCell&, const Event&)> event;
    std::function<void(const BootCell&, const Verdict&)> verdict;
};

/// How long cells took in earlier runs, by name.
using Timings = std::map<std::string, std::chrono::milliseconds>;

/// The resources that the cells of a run may use together.
struct Capacity {
    unsigned jobs = 1;         ///< cells at once
    unsigned cores = 1;        ///< virtual CPUs at once; a cell that needs more runs alone
    std::uint64_t memory = 0;  ///< bytes at once; a cell that needs more runs alone
};

/// The resources that one cell needs.
Capacity share_of(const BootCell& cell, const Scenario& scenario);

/// How many cells boot at once: one more than cores, because a booting guest often waits (menus, firmware,
/// DHCP), or fewer if memory is short.
/// @param memory_available, memory_of_a_cell  in bytes
unsigned default_jobs(unsigned cores, std::uint64_t memory_available, std::uint64_t memory_of_a_cell);

/// The cells in the order in which they start: the longest first, so that the last to end is a short one.
/// Cells without a recorded duration count as usual_time().
std::vector<Assignment> longest_first(std::vector<Assignment> cells, const Timings& timings);

/// Boots every cell as soon as `capacity` has room for it. After Ctrl-C, cells that have not started are
/// cancelled.
boost::asio::awaitable<void> run_cells(Host& host, std::vector<Assignment> cells, Capacity capacity,
                                       Trials trials, const RunObserver& observer);

}  // namespace lktest
