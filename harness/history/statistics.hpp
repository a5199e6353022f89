// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <vector>

namespace lktest {

/// The middle value, or the mean of the two middle ones; 0 for an empty list.
double median(std::vector<double> values);

/// Mann–Whitney U test, one-sided: the probability that values of `now` would be as far above those of
/// `before` if both came from the same distribution, whatever its shape.
/// Exact if no two values are equal and there are at most 100; otherwise the normal approximation with
/// corrections for ties and continuity (Hollander, Wolfe, Chicken: Nonparametric Statistical Methods, 4.1).
/// 1 if either is empty.
double p_greater(std::span<const double> before, std::span<const double> now);

/// Which of many p values are significant at the level `alpha` for all of them together (Holm 1979). Without
/// this correction, some of a hundred tests would look significant by chance.
std::vector<bool> significant(std::span<const double> p_values, double alpha);

}  // namespace lktest
