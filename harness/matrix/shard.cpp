// SPDX-License-Identifier: MIT
#include "harness/matrix/shard.hpp"

#include <algorithm>
#include <charconv>
#include <numeric>
#include <tuple>

namespace lktest {
namespace {

constexpr std::size_t most_parts = 10'000;

std::optional<std::size_t> whole(std::string_view text) {
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size())
        return std::nullopt;
    return number;
}

}  // namespace

std::optional<Shard> parse_shard(std::string_view text) {
    const std::size_t slash = text.find('/');
    if (slash == std::string_view::npos)
        return std::nullopt;
    const auto number = whole(text.substr(0, slash)), of = whole(text.substr(slash + 1));
    if (!number || !of || *number < 1 || *number > *of || *of > most_parts)
        return std::nullopt;
    return Shard{*number, *of};
}

std::vector<std::size_t> deal(const std::vector<WeighedCell>& cells, std::size_t parts) {
    std::vector<std::size_t> order(cells.size());
    std::iota(order.begin(), order.end(), 0);
    std::ranges::sort(order, {}, [&](std::size_t i) { return std::tuple(-cells[i].seconds, cells[i].name); });
    std::vector<double> load(parts, 0);
    std::vector<std::size_t> part_of(cells.size(), 1);
    for (const std::size_t cell : order) {
        const auto least = std::ranges::min_element(load);
        *least += cells[cell].seconds;
        part_of[cell] = static_cast<std::size_t>(least - load.begin()) + 1;
    }
    return part_of;
}

}  // namespace lktest
