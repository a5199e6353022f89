// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace lktest {

/// The wait of one thread, according to /proc.
struct ThreadWait {
    std::chrono::nanoseconds in_queue{};  ///< ready to run, but without a free CPU
    bool waits_for_disk = false;          ///< for the host's disk or swap, at this moment
};

/// @param schedstat  /proc/PID/task/TID/schedstat
/// @param stat       /proc/PID/task/TID/stat
/// Unset if the kernel does not count it.
std::optional<ThreadWait> thread_wait(std::string_view schedstat, std::string_view stat);

/// The CPU time that this machine's hypervisor took, and the total. From /proc/stat, in ticks.
struct MachineTicks {
    std::uint64_t all = 0, stolen = 0;
};
std::optional<MachineTicks> machine_ticks(std::string_view stat);

/// Sums up how long the host delayed a process: its threads waited for a CPU or the host's disk, or the
/// hypervisor delayed the host.
class StolenTime {
public:
    explicit StolenTime(pid_t process, std::filesystem::path proc = "/proc");

    /// The total from the first call until now. Unset if the process has gone or the kernel does not count
    /// it.
    std::optional<std::chrono::microseconds> until(std::chrono::steady_clock::time_point now);

private:
    std::filesystem::path proc_, threads_;
    std::map<std::string, std::chrono::nanoseconds> queued_;  ///< by thread
    std::optional<MachineTicks> ticks_;
    std::optional<std::chrono::steady_clock::time_point> asked_;
    std::chrono::microseconds sum_{};
};

}  // namespace lktest
