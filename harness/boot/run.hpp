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

/// A cell that is to be booted.
struct Assignment {
    BootCell cell;
    const Scenario* scenario;
    std::filesystem::path artefacts;
};

/// Who is told what happens; called on the io_context, one call at a time.
struct RunObserver {
    std::function<void(const BootCell&, const Event&)> event;
    std::function<void(const BootCell&, const Verdict&)> verdict;
};

/// How long cells took in earlier runs, by their names.
using Timings = std::map<std::string, std::chrono::milliseconds>;

/// What the cells of a run may take together.
struct Capacity {
    unsigned jobs = 1;         ///< cells at once
    unsigned cores = 1;        ///< virtual processors at once; a cell that has more runs alone
    std::uint64_t memory = 0;  ///< bytes; likewise
};

/// What one cell takes.
Capacity share_of(const BootCell& cell, const Scenario& scenario);

/// How many cells are booted at once: one more than cores (a booting guest
/// often waits: menus, firmware, DHCP), fewer when memory does not carry them.
/// @param memory_available, memory_of_a_cell  in bytes
unsigned default_jobs(unsigned cores, std::uint64_t memory_available, std::uint64_t memory_of_a_cell);

/// How long a cell takes that nobody has timed yet.
std::chrono::milliseconds usual_time(const BootCell& cell);

/// The cells in the order in which they are begun: those that take longest first, so that the last to end
/// is a short one. What nobody has timed yet counts as its kind usually takes.
std::vector<Assignment> longest_first(std::vector<Assignment> cells, const Timings& timings);

/// Boots every cell, each as soon as `capacity` has room for it. After Ctrl-C the cells not yet begun
/// are cancelled.
boost::asio::awaitable<void> run_cells(Host& host, std::vector<Assignment> cells, Capacity capacity,
                                       Trials trials, const RunObserver& observer);

}  // namespace lktest
