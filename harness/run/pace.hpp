// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>

namespace lktest {

/// Limits how often a file that grows with the run is rewritten.
struct Pace {
    using Clock = std::chrono::steady_clock;

    bool due = false;  ///< there is new content
    Clock::time_point written{};
    Clock::duration cost{};

    /// Writing takes at most a twentieth of the time, however large the file is.
    bool may_write(Clock::duration pause) const {
        return due && Clock::now() - written >= std::max(pause, 20 * cost);
    }
    void write(const std::function<void()>& work) {
        const Clock::time_point begin = Clock::now();
        work();
        written = Clock::now();
        cost = written - begin;
        due = false;
    }
};

}  // namespace lktest
