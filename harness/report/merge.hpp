// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>
#include <vector>

#include "harness/report/saved_run.hpp"

namespace lktest {

/// Several runs as one: shards, machines, a run and the repetition of what failed in it.
struct MergedRun {
    Json matrix;  ///< schema lktest.matrix/1; "runs" tells which ones it was made of
    std::string junit;
    /// Of each cell, in the order of matrix, the run that it was taken from, as an index.
    std::vector<std::size_t> origin;
};

/// Pure. Of a cell that several runs have the one counts that ended last; one that never ended, or was
/// cancelled, only when no other did.
/// @param junits  each run's junit.xml; empty where there is none
/// @param command  what made the merge
MergedRun merge(std::span<const SavedRun> runs, std::span<const std::string> junits,
                const std::vector<std::string>& command);

}  // namespace lktest
