// SPDX-License-Identifier: MIT
#include "harness/history/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace lktest {
namespace {

constexpr std::size_t largest_exact = 100;

/// A value and its sample.
struct Ranked {
    double value;
    bool now;
};

std::vector<Ranked> sorted(std::span<const double> before, std::span<const double> now) {
    std::vector<Ranked> all;
    for (const double value : before)
        all.push_back({value, false});
    for (const double value : now)
        all.push_back({value, true});
    std::ranges::sort(all, {}, &Ranked::value);
    return all;
}

/// The probability of U ≥ `u`, by counting: U of m and n values is distributed like the sums of m numbers
/// of 0 … n, in any order.
double exact_tail(std::size_t m, std::size_t n, double u) {
    // ways[k][s]: k of the values so far belong to `now`, and they are above s values of `before`.
    const std::size_t most = m * n;
    std::vector<std::vector<double>> ways(m + 1, std::vector<double>(most + 1, 0));
    ways[0][0] = 1;
    for (std::size_t above = 0; above <= n; ++above)
        for (std::size_t k = 1; k <= m; ++k)
            for (std::size_t s = above; s <= most; ++s)
                ways[k][s] += ways[k - 1][s - above];
    const double total = std::accumulate(ways[m].begin(), ways[m].end(), 0.0);
    const auto from = static_cast<std::size_t>(std::max(0.0, std::ceil(u)));
    if (from > most)
        return 0;
    return std::accumulate(ways[m].begin() + static_cast<std::ptrdiff_t>(from), ways[m].end(), 0.0) / total;
}

}  // namespace

double median(std::vector<double> values) {
    if (values.empty())
        return 0;
    std::ranges::sort(values);
    const std::size_t half = values.size() / 2;
    return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

double p_greater(std::span<const double> before, std::span<const double> now) {
    if (before.empty() || now.empty())
        return 1;
    const std::vector<Ranked> all = sorted(before, now);
    const auto m = static_cast<double>(now.size()), n = static_cast<double>(before.size());
    double ranks = 0, ties = 0;
    for (std::size_t i = 0; i < all.size();) {
        std::size_t end = i;
        while (end < all.size() && all[end].value == all[i].value)
            ++end;
        const auto equal = static_cast<double>(end - i);
        const double rank = static_cast<double>(i + 1 + end) / 2;
        for (; i < end; ++i)
            ranks += all[i].now ? rank : 0;
        ties += equal * equal * equal - equal;
    }
    const double u = ranks - m * (m + 1) / 2;
    if (ties == 0 && all.size() <= largest_exact)
        return exact_tail(now.size(), before.size(), u);
    const double size = m + n;
    const double variance = m * n / 12 * (size + 1 - ties / (size * (size - 1)));
    if (variance <= 0)
        return 1;
    const double z = (u - m * n / 2 - 0.5) / std::sqrt(variance);
    return std::erfc(z / std::sqrt(2)) / 2;
}

std::vector<bool> significant(std::span<const double> p_values, double alpha) {
    std::vector<std::size_t> order(p_values.size());
    std::iota(order.begin(), order.end(), 0);
    std::ranges::sort(order, {}, [&](std::size_t i) { return p_values[i]; });
    std::vector<bool> found(p_values.size(), false);
    for (std::size_t i = 0; i < order.size(); ++i) {
        if (p_values[order[i]] > alpha / static_cast<double>(order.size() - i))
            break;
        found[order[i]] = true;
    }
    return found;
}

}  // namespace lktest
