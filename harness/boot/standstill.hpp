// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "harness/diagnose/cpu_activity.hpp"

namespace lktest {

/// A guest's activity up to a moment, as counters that only grow.
struct Activity {
    std::uint64_t disk_requests = 0, packets = 0, disk_bytes = 0;

    bool operator==(const Activity&) const = default;
};

/// The state of the CPUs of a guest without activity.
enum class Hang {
    dead,      ///< all are halted and take no interrupts
    idle,      ///< all wait for interrupts
    spinning,  ///< one executes a loop of a few instructions
    busy,      ///< none of these: it may be computing
};
std::string_view in_words(Hang hang);  ///< "its CPUs are idle", …

/// Classifies CPUs that were observed several times. Pure.
Hang hang_of(const std::vector<CpuActivity>& cpus);

/// Detects that a guest stands still: it printed nothing, and read, wrote, sent and received nothing.
class Standstill {
public:
    /// @param least  shorter pauses are not reported
    explicit Standstill(std::chrono::microseconds least) : least_(least) {}

    /// Since when it stands still; unset while it moves or if the pause is still short.
    /// @param heard_at  when it last said or showed something
    std::optional<std::chrono::microseconds> look(const Activity& activity,
                                                  std::chrono::microseconds heard_at,
                                                  std::chrono::microseconds now);
    /// Since when it has neither printed anything new nor moved a significant amount of data. A loop that
    /// keeps retrying also reads a little.
    /// @param new_at  when it last printed something new
    std::chrono::microseconds repeats_since(const Activity& activity, std::chrono::microseconds new_at,
                                            std::chrono::microseconds now);
    /// Discards the observations, because the guest was not allowed to run.
    void restart(std::chrono::microseconds now) { moved_at_ = worked_at_ = now; }

private:
    std::chrono::microseconds least_;
    std::optional<Activity> last_;
    std::chrono::microseconds moved_at_{}, worked_at_{};
    Activity worked_;  ///< when a significant amount had last moved
};

}  // namespace lktest
