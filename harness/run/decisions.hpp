// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "firmware/choose.hpp"
#include "harness/run/machine_size.hpp"
#include "harness/run/schedule.hpp"

namespace lktest {

/// Explains which image each kind of machine starts with and who chose it, in one sentence each.
std::vector<std::string> firmware_decisions(const FirmwareCatalogue& catalogue,
                                            const std::vector<Assignment>& cells);

/// Explains how many cells boot at once.
/// @param asked  the value of --jobs
/// @param memory_of_a_cell  bytes, for the largest cell
std::string jobs_decision(unsigned jobs, std::optional<unsigned> asked, const MachineSize& size,
                          std::uint64_t memory_of_a_cell);

/// Explains the order in which cells start and their expected durations, one line per cell. Long runs show
/// only the first cells.
std::vector<std::string> schedule_decisions(const std::vector<Assignment>& cells, const Timings& timings);

}  // namespace lktest
