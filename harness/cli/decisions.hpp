// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "firmware/choose.hpp"
#include "harness/boot/run.hpp"
#include "harness/cli/machine_size.hpp"

namespace lktest {

/// Which image each kind of machine starts with, and by whose choice: a sentence for each.
std::vector<std::string> firmware_decisions(const FirmwareCatalogue& catalogue,
                                            const std::vector<Assignment>& cells);

/// How many cells are booted at once, and why.
/// @param asked  what --jobs says
/// @param memory_of_a_cell  bytes, of the largest
std::string jobs_decision(unsigned jobs, std::optional<unsigned> asked, const MachineSize& size,
                          std::uint64_t memory_of_a_cell);

/// The order in which cells are begun, and how long each is thought to take: a line for each, of a thousand
/// cells only the first.
std::vector<std::string> schedule_decisions(const std::vector<Assignment>& cells, const Timings& timings);

}  // namespace lktest
