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

/// "2/4"; unset if the text is not a valid shard.
std::optional<Shard> parse_shard(std::string_view text);

/// A cell and its estimated duration.
struct WeighedCell {
    std::string_view name;
    double seconds = 0;
};

/// Distributes the cells: the longest first, each to the part with the least work (Graham 1969). The same
/// cells and times give the same parts everywhere, in any order.
/// @return for each cell the number of its part, from 1
std::vector<std::size_t> deal(const std::vector<WeighedCell>& cells, std::size_t parts);

}  // namespace lktest
