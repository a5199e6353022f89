// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>
#include <vector>

#include "harness/results/run.hpp"

namespace lktest::results {

/// Several runs as one: shards, machines, a run and the repetition of its failed cells.
struct Merge {
    Run run;  ///< without a directory
    /// The index of each cell's run.
    std::vector<std::size_t> origin;
};

/// If several runs have a cell, the result that ended last counts. One that never ended or was cancelled
/// counts only if no other did. Host facts and unknown keys are those of the first run.
/// @param command  the command that merges
Merge merge(std::span<const Run> runs, const std::vector<std::string>& command);

}  // namespace lktest::results
