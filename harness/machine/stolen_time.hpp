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

/// What /proc says of one thread.
struct ThreadWait {
    std::chrono::nanoseconds in_queue{};  ///< ready to run, and no CPU was free
    bool waits_for_disk = false;          ///< for the host's disk or swap, at this moment
};

/// @param schedstat  /proc/PID/task/TID/schedstat
/// @param stat       /proc/PID/task/TID/stat
/// Unset if the kernel does not count.
std::optional<ThreadWait> thread_wait(std::string_view schedstat, std::string_view stat);

/// The CPU time of this machine that its own hypervisor took, of all that there was. From /proc/stat, in
/// ticks.
struct MachineTicks {
    std::uint64_t all = 0, stolen = 0;
};
std::optional<MachineTicks> machine_ticks(std::string_view stat);

/// Adds up how long the host kept a process from doing its work: its threads waited for a CPU or for the
/// host's disk, or the host itself was kept waiting by its hypervisor.
class StolenTime {
public:
    explicit StolenTime(pid_t process, std::filesystem::path proc = "/proc");

    /// From the first call until now. Unset if the process is gone or the kernel does not count.
    std::optional<std::chrono::microseconds> until(std::chrono::steady_clock::time_point now);

private:
    std::filesystem::path proc_, threads_;
    std::map<std::string, std::chrono::nanoseconds> queued_;  ///< by thread
    std::optional<MachineTicks> ticks_;
    std::optional<std::chrono::steady_clock::time_point> asked_;
    std::chrono::microseconds sum_{};
};

}  // namespace lktest
