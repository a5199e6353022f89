// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <vector>

namespace lktest {

/// Measures durations in the guest's own time. On a busy host the guest's threads wait for a CPU, which
/// delays everything it does. Moments are the host's, since power-on; only durations differ. Without notes,
/// the guest's time is the host's.
class GuestClock {
public:
    using Time = std::chrono::microseconds;

    /// @param now     later than in the note before
    /// @param stolen  how long the host has kept the guest waiting so far; only grows
    void note(Time now, Time stolen);

    /// Time after the last note does not count until the next note tells how much of it the guest had.
    Time elapsed(Time from, Time to) const;

    /// The earliest moment at which `lasted` may have passed since `from`, as far as is known at `now`.
    Time earliest(Time from, Time lasted, Time now) const;

private:
    struct Point {
        Time host{}, guest{};
    };
    Time guest_at(Time host) const;

    std::vector<Point> points_;  ///< by time; between two of them the guest's time is linear
    Time stolen_{};
};

}  // namespace lktest
