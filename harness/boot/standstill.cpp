// SPDX-License-Identifier: MIT
#include "harness/boot/standstill.hpp"

#include <algorithm>

namespace lktest {

std::string_view in_words(Hang hang) {
    switch (hang) {
        case Hang::dead: return "its CPUs are halted with interrupts off";
        case Hang::idle: return "its CPUs are idle";
        case Hang::spinning: return "a CPU spins in a tight loop";
        case Hang::busy: return "a CPU is busy";
    }
    return "";
}

Hang hang_of(const std::vector<CpuActivity>& cpus) {
    if (std::ranges::any_of(cpus, [](const CpuActivity& cpu) { return cpu.spins(); }))
        return Hang::spinning;
    const auto always_dead = [](const CpuActivity& cpu) {
        return cpu.samples > 0 && cpu.dead == cpu.samples;
    };
    if (!cpus.empty() && std::ranges::all_of(cpus, always_dead))
        return Hang::dead;
    const auto always_idle = [](const CpuActivity& cpu) {
        return cpu.samples > 0 && cpu.halted == cpu.samples;
    };
    return !cpus.empty() && std::ranges::all_of(cpus, always_idle) ? Hang::idle : Hang::busy;
}

std::optional<std::chrono::microseconds> Standstill::look(const Activity& activity,
                                                          std::chrono::microseconds heard_at,
                                                          std::chrono::microseconds now) {
    if (last_ != activity)
        moved_at_ = now;
    last_ = activity;
    moved_at_ = std::max(moved_at_, heard_at);
    return now - moved_at_ >= least_ ? std::optional(moved_at_) : std::nullopt;
}

std::chrono::microseconds Standstill::repeats_since(const Activity& activity,
                                                    std::chrono::microseconds new_at,
                                                    std::chrono::microseconds now) {
    constexpr std::uint64_t worthwhile_bytes = 4 << 20, worthwhile_packets = 1000;
    if (activity.disk_bytes - worked_.disk_bytes >= worthwhile_bytes ||
        activity.packets - worked_.packets >= worthwhile_packets) {
        worked_ = activity;
        worked_at_ = now;
    }
    worked_at_ = std::max(worked_at_, new_at);
    return worked_at_;
}

}  // namespace lktest
