// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "builder/base/platform.hpp"
#include "harness/matrix/verdict.hpp"

namespace lktest {

/// How often to boot a cell, and why.
struct Trials {
    unsigned repeat = 1;        ///< number of boots, all of which must pass
    unsigned retries = 0;       ///< additional boots of a failed cell
    bool memory_floor = false;  ///< search for the least memory that the cell boots with
    bool early = false;         ///< boot a silent cell again with an early console
};

/// A measured share, and its interval at 95 % confidence.
struct Share {
    double least = 0, measured = 0, most = 1;
};

/// Wilson's score interval, which is also valid for shares near 0 and 1.
/// @param total  not 0
Share share_of(std::size_t passed, std::size_t total);

/// The verdict of a cell that was booted several times and must always pass: the first failure, and the
/// number of failures.
Verdict of_repetitions(const std::vector<Verdict>& boots);

/// "attempt 2 of 3"
std::string attempt_name(std::size_t number, std::size_t most);

/// Whether another boot of a cell may end differently. It cannot if the cause is on the medium.
bool worth_retrying(const Verdict& verdict);

/// The verdict of a cell that was booted again after a failure: flaky if it passed in the end.
/// @param boots  all except the last one failed
/// @param most   the number of boots that were allowed
Verdict of_retries(const std::vector<Verdict>& boots, std::size_t most);

/// Whether an early console may show more of this failure.
bool fell_silent(const Verdict& verdict);

/// The verdict of a silent cell that was booted again with an early console.
Verdict of_early_console(Verdict silent, const Verdict& early);

/// Finds the least memory that something boots with, by bisection.
class MemorySearch {
public:
    static constexpr std::uint64_t step = std::uint64_t{16} << 20;  ///< bytes; all sizes are multiples

    /// @param most  known to be enough
    explicit MemorySearch(std::uint64_t most) : boots_(most / step + 1) {}

    /// The next size to try; unset if the search is over.
    std::optional<std::uint64_t> next() const;
    void tried(std::uint64_t memory, bool booted);

    /// Unset if no size booted.
    std::optional<std::uint64_t> least() const;

private:
    std::uint64_t fails_ = 1;  ///< a number of steps that is too small
    std::uint64_t
        boots_;  ///< a number of steps that is enough; before the first try, one more than the maximum
    bool any_ = false;
};

/// The verdict of a memory search.
/// @param boots  one per size, in the order tried
Verdict of_memory_search(const MemorySearch& search, const std::vector<Verdict>& boots);

}  // namespace lktest
