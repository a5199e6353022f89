// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "harness/diagnose/cpu_activity.hpp"

namespace lktest {

/// What a guest has done until a moment, by counters that only grow.
struct Activity {
    std::uint64_t disk_requests = 0, packets = 0, disk_bytes = 0;

    bool operator==(const Activity&) const = default;
};

/// What the CPUs do of a guest that gives no sign of life.
enum class Hang {
    dead,      ///< all of them are halted and take no interrupt
    idle,      ///< all of them wait for interrupts
    spinning,  ///< one is in a loop of a few instructions
    busy,      ///< none of that: it may compute
};
std::string_view in_words(Hang hang);  ///< "its CPUs are idle", …

/// Of CPUs that were looked at several times. Pure.
Hang hang_of(const std::vector<CpuActivity>& cpus);

/// Finds out that a guest stands still: nothing came from it, and it read, wrote, sent and received nothing.
class Standstill {
public:
    /// @param least  shorter pauses are not reported
    explicit Standstill(std::chrono::microseconds least) : least_(least) {}

    /// Since when it stands still; unset while it moves, or paused only just now.
    /// @param heard_at  when it last said or showed something
    std::optional<std::chrono::microseconds> look(const Activity& activity,
                                                  std::chrono::microseconds heard_at,
                                                  std::chrono::microseconds now);
    /// Since when it has neither said anything new nor moved a worthwhile amount of data: a loop that tries
    /// again and again reads a little, too.
    /// @param new_at  when it last said something new
    std::chrono::microseconds repeats_since(const Activity& activity, std::chrono::microseconds new_at,
                                            std::chrono::microseconds now);
    /// What was seen is invalid: the guest was not allowed to run.
    void restart(std::chrono::microseconds now) { moved_at_ = worked_at_ = now; }

private:
    std::chrono::microseconds least_;
    std::optional<Activity> last_;
    std::chrono::microseconds moved_at_{}, worked_at_{};
    Activity worked_;  ///< when it last had moved a worthwhile amount
};

}  // namespace lktest
