// SPDX-License-Identifier: MIT
#include "harness/machine/stolen_time.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>

namespace lktest {
namespace fs = std::filesystem;
namespace {

using std::chrono::microseconds;
using std::chrono::nanoseconds;

/// Files in /proc report no size.
std::string contents(const fs::path& file) {
    std::ifstream stream(file);
    return {std::istreambuf_iterator<char>(stream), {}};
}

/// Removes the next number from the text.
std::optional<std::uint64_t> next_number(std::string_view& text) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc())
        return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return number;
}

}  // namespace

std::optional<ThreadWait> thread_wait(std::string_view schedstat, std::string_view stat) {
    // proc(5): time on the CPU, time in its queue, slices.
    const auto ran = next_number(schedstat), queued = next_number(schedstat);
    // The name before the state may contain anything.
    const std::size_t name_end = stat.rfind(") ");
    if (!ran || !queued || name_end == stat.npos)
        return std::nullopt;
    return ThreadWait{.in_queue = nanoseconds(*queued),
                      .waits_for_disk = stat.substr(name_end + 2).starts_with('D')};
}

std::optional<MachineTicks> machine_ticks(std::string_view stat) {
    constexpr std::string_view heading = "cpu ";
    constexpr int fields = 8, stolen = 7;  // user nice system idle iowait irq softirq steal
    if (!stat.starts_with(heading))
        return std::nullopt;
    stat.remove_prefix(heading.size());
    MachineTicks ticks;
    for (int i = 0; i < fields; ++i) {
        const auto number = next_number(stat);
        if (!number)
            return std::nullopt;
        ticks.all += *number;
        if (i == stolen)
            ticks.stolen = *number;
    }
    return ticks;
}

StolenTime::StolenTime(pid_t process, fs::path proc)
    : proc_(std::move(proc)), threads_(proc_ / std::to_string(process) / "task") {}

std::optional<microseconds> StolenTime::until(std::chrono::steady_clock::time_point now) {
    std::map<std::string, nanoseconds> queued;
    nanoseconds longest{};  // the guest waits for one thread at a time
    bool waits_for_disk = false;
    std::error_code gone;
    for (fs::directory_iterator thread(threads_, gone), end; !gone && thread != end; thread.increment(gone)) {
        const auto wait =
            thread_wait(contents(thread->path() / "schedstat"), contents(thread->path() / "stat"));
        if (!wait)
            continue;
        const std::string id = thread->path().filename();
        const auto before = queued_.find(id);
        if (before != queued_.end())
            longest = std::max(longest, wait->in_queue - before->second);
        waits_for_disk = waits_for_disk || wait->waits_for_disk;
        queued.emplace(id, wait->in_queue);
    }
    if (queued.empty())
        return std::nullopt;
    queued_ = std::move(queued);
    const auto ticks = machine_ticks(contents(proc_ / "stat"));
    if (asked_) {
        const auto passed = std::chrono::duration_cast<nanoseconds>(now - *asked_);
        nanoseconds lost = std::clamp(waits_for_disk ? passed : longest, nanoseconds::zero(), passed);
        if (ticks && ticks_ && ticks->all > ticks_->all && ticks->stolen >= ticks_->stolen) {
            const double share = static_cast<double>(ticks->stolen - ticks_->stolen) /
                                 static_cast<double>(ticks->all - ticks_->all);
            lost += std::chrono::duration_cast<nanoseconds>((passed - lost) * share);
        }
        sum_ += std::chrono::duration_cast<microseconds>(lost);
    }
    asked_ = now;
    ticks_ = ticks;
    return sum_;
}

}  // namespace lktest
