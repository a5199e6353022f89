// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>

namespace lktest {

/// How often a file that grows with the run is written anew.
struct Pace {
    using Clock = std::chrono::steady_clock;

    bool due = false;  ///< something is new
    Clock::time_point written{};
    Clock::duration cost{};

    /// At most a twentieth of the time goes into writing, however large the file is.
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
