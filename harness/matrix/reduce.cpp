// SPDX-License-Identifier: MIT
#include "harness/matrix/reduce.hpp"

#include <algorithm>
#include <map>
#include <string>

namespace lktest {
namespace {

/// The value of a cell on each axis, in the same order for all cells.
std::vector<std::string> values(const BootCell& cell) {
    const Hardware& hardware = cell.hardware;
    const auto named = [](const auto& value) { return value ? std::string(name(*value)) : std::string(); };
    return {cell.scenario,
            cell.image.path.string(),
            std::string(name(cell.arch)),
            std::string(name(cell.firmware)),
            std::string(name(cell.medium)),
            std::string(name(chipset(cell))),
            hardware.cpu,
            std::to_string(hardware.cpus.value_or(0)),
            std::to_string(hardware.memory.value_or(0)),
            named(hardware.tables),
            named(hardware.tpm),
            named(hardware.graphics),
            named(hardware.card),
            named(hardware.trust),
            hardware.sbat};
}

/// Numbers the pairs of values, from 0.
class Pairs {
public:
    std::vector<std::size_t> of(const BootCell& cell) {
        const std::vector<std::string> all = values(cell);
        std::vector<std::size_t> numbers;
        for (std::size_t i = 0; i < all.size(); ++i)
            for (std::size_t j = 0; j < i; ++j)
                numbers.push_back(
                    numbers_.try_emplace({i, all[i], j, all[j]}, numbers_.size()).first->second);
        return numbers;
    }
    std::size_t size() const { return numbers_.size(); }

private:
    using Pair = std::tuple<std::size_t, std::string, std::size_t, std::string>;
    std::map<Pair, std::size_t> numbers_;
};

}  // namespace

std::vector<PlannedCell> reduce_pairwise(const std::vector<PlannedCell>& cells) {
    Pairs pairs;
    std::vector<const PlannedCell*> candidates;
    std::vector<std::vector<std::size_t>> of_candidate;
    for (const PlannedCell& planned : cells)
        if (!planned.not_applicable) {
            candidates.push_back(&planned);
            of_candidate.push_back(pairs.of(planned.cell));
        }
    std::vector<bool> met(pairs.size()), taken(candidates.size());
    for (;;) {
        std::size_t best = 0;
        std::ptrdiff_t most = 0;
        for (std::size_t i = 0; i < candidates.size(); ++i) {
            const auto news =
                std::ranges::count_if(of_candidate[i], [&met](std::size_t pair) { return !met[pair]; });
            if (news > most) {
                most = news;
                best = i;
            }
        }
        if (most == 0)
            break;
        taken[best] = true;
        for (const std::size_t pair : of_candidate[best])
            met[pair] = true;
    }
    std::vector<PlannedCell> chosen;
    for (std::size_t i = 0; i < candidates.size(); ++i)
        if (taken[i])
            chosen.push_back(*candidates[i]);
    return chosen;
}

}  // namespace lktest
