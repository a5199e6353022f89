// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <vector>

namespace lktest {

/// The middle value, the mean of the two middle ones of an even number; 0 of none.
double median(std::vector<double> values);

/// Mann–Whitney U test, one-sided: the probability that values of `now` would lie as far above those of
/// `before` if both came from the same distribution. It assumes nothing of that distribution's shape.
/// Exact when no two values are equal and there are at most 100; else the normal approximation with
/// corrections for ties and continuity (Hollander, Wolfe, Chicken: Nonparametric Statistical Methods, 4.1).
/// 1 when one of them is empty.
double p_greater(std::span<const double> before, std::span<const double> now);

/// Which of many p values are significant at the level `alpha` for all of them together (Holm 1979):
/// with a hundred tests, chance alone makes some look so.
std::vector<bool> significant(std::span<const double> p_values, double alpha);

}  // namespace lktest
