// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_set>

namespace lktest {

/// Detects whether a guest prints anything new or only repeats itself: dots, a spinner, a countdown, a
/// counter of attempts, the same few lines. Two lines are equal if their letters are.
class Novelty {
public:
    /// Receives a line, complete or so far.
    void said(std::string_view line, std::chrono::microseconds at);
    /// The guest restarts, so everything is new again.
    void restart(std::chrono::microseconds at);

    /// When something new was last printed.
    std::chrono::microseconds new_at() const noexcept { return new_at_; }
    /// The last line that was not new; empty if the last line was new.
    const std::string& repeated() const noexcept { return repeated_; }
    /// Whether a number in the repeated line changes: something counts, and may have a limit.
    bool counts() const noexcept { return counts_; }

private:
    void repeats(std::string_view line);

    std::unordered_set<std::size_t> known_;  ///< hashes of the letters of lines
    std::deque<std::size_t> order_;          ///< the same hashes, the oldest first
    std::chrono::microseconds new_at_{};
    std::string repeated_, numbers_;  ///< the numbers of `repeated_`
    bool counts_ = false;
};

}  // namespace lktest
