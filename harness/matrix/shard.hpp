// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "harness/matrix/cell.hpp"

namespace lktest {

/// One of several parts of a matrix that run on different machines.
struct Shard {
    std::size_t number = 1, of = 1;  ///< number counts from 1
};

/// "2/4"; nothing when it is no such part.
std::optional<Shard> parse_shard(std::string_view text);

/// A cell, and how long it is thought to take.
struct WeighedCell {
    std::string_view name;
    double seconds = 0;
};

/// Deals the cells out: the longest first, each to the part that has least to do (Graham 1969). The same
/// cells and times give the same parts everywhere, in whatever order they come.
/// @return for each cell the number of its part, from 1
std::vector<std::size_t> deal(const std::vector<WeighedCell>& cells, std::size_t parts);

/// The estimated time of a cell, in seconds, without measurements.
double estimate(const BootCell& cell);

}  // namespace lktest
