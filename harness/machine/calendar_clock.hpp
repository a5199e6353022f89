// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

namespace lktest {

/// Converts QEMU's calendar time stamps to the steady clock, which cannot be set and stops during suspend.
class CalendarClock {
public:
    using Calendar = std::chrono::system_clock::time_point;
    using Steady = std::chrono::steady_clock::time_point;

    /// @param at  recent calendar time
    /// If the calendar was set since the last call, the moment is unknown, and `now` is the best guess.
    Steady steady(Calendar at, Calendar calendar_now, Steady now) {
        using std::chrono::microseconds;
        constexpr microseconds oldest = std::chrono::seconds(10), jitter = std::chrono::milliseconds(500);
        const auto offset = std::chrono::duration_cast<microseconds>(calendar_now.time_since_epoch() -
                                                                     now.time_since_epoch());
        const bool was_set = offset_ && std::chrono::abs(offset - *offset_) > jitter;
        offset_ = offset;
        const auto age = std::chrono::duration_cast<microseconds>(calendar_now - at);
        return was_set ? now : now - std::clamp(age, microseconds::zero(), oldest);
    }

private:
    std::optional<std::chrono::microseconds> offset_;
};

}  // namespace lktest
