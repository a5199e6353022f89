// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <utility>
#include <vector>

#include "harness/boot/boot.hpp"

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

/// How many cells are booted at once: one more than cores (a booting guest
/// often waits: menus, firmware, DHCP), fewer when memory does not carry them.
/// @param memory_available, memory_of_a_cell  in bytes
unsigned default_jobs(unsigned cores, std::uint64_t memory_available, std::uint64_t memory_of_a_cell);

/// Boots every cell, `jobs` at a time, the slowest kinds first so that the last
/// to end is a short one. After Ctrl-C the cells not yet begun are cancelled.
boost::asio::awaitable<void> run_cells(Host& host, std::vector<Assignment> cells, unsigned jobs,
                                       const RunObserver& observer);

}  // namespace lktest
