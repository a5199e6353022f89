// SPDX-License-Identifier: MIT
#include "harness/boot/standstill.hpp"

#include <algorithm>

namespace lktest {

std::string_view in_words(Hang hang) {
    switch (hang) {
        case Hang::idle: return "its CPUs are idle";
        case Hang::spinning: return "a CPU spins in a tight loop";
        case Hang::busy: return "a CPU is busy";
    }
    return "";
}

Hang hang_of(const std::vector<CpuActivity>& cpus) {
    if (std::ranges::any_of(cpus, [](const CpuActivity& cpu) { return cpu.spins(); }))
        return Hang::spinning;
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

}  // namespace lktest
