// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "builder/base/platform.hpp"
#include "harness/matrix/verdict.hpp"

namespace lktest {

/// How often a cell is booted, and what for.
struct Trials {
    unsigned repeat = 1;        ///< boots of which every one must pass
    unsigned retries = 0;       ///< further boots of a cell that failed
    bool memory_floor = false;  ///< the least memory is searched that it boots with
    bool early = false;         ///< a cell that becomes silent is booted again with an early console
};

/// A share that was measured, and where with 95 % confidence the true one lies.
struct Share {
    double least = 0, measured = 0, most = 1;
};

/// Wilson's score interval, which holds for shares near 0 and 1, too.
/// @param total  not 0
Share share_of(std::size_t passed, std::size_t total);

/// The verdict of a cell that was booted several times and must pass each time: the first failure, and how
/// many there are.
Verdict of_repetitions(const std::vector<Verdict>& boots);

/// The verdict of a cell that was booted again after it had failed: flaky when it passed in the end.
/// @param boots  of which all but the last one failed
Verdict of_retries(const std::vector<Verdict>& boots);

/// Kernel parameters that bring its first lines to the serial console, before it has a
/// driver for it (Linux Documentation/admin-guide/kernel-parameters.txt).
std::string_view early_console(Arch arch);

/// Whether an early console could show more of this failure.
bool fell_silent(const Verdict& verdict);

/// The verdict of a cell that became silent and was booted again with an early console.
Verdict of_early_console(Verdict silent, const Verdict& early);

/// Looks for the least memory that something boots with, by halves.
class MemorySearch {
public:
    static constexpr std::uint64_t step = std::uint64_t{16} << 20;  ///< bytes; all sizes are whole steps

    /// @param most  that it boots with, it is said
    explicit MemorySearch(std::uint64_t most) : boots_(most / step + 1) {}

    /// The size that is to be tried; nothing when the search is over.
    std::optional<std::uint64_t> next() const;
    void tried(std::uint64_t memory, bool booted);

    /// Unset if it never booted.
    std::optional<std::uint64_t> least() const;

private:
    std::uint64_t fails_ = 1;  ///< steps that are too few
    std::uint64_t boots_;      ///< steps that are enough; before anything was tried one more than there are
    bool any_ = false;
};

/// The verdict of such a search.
/// @param boots  of all sizes, as they were tried
Verdict of_memory_search(const MemorySearch& search, const std::vector<Verdict>& boots);

}  // namespace lktest
