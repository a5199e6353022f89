// SPDX-License-Identifier: MIT
#include "harness/diagnose/cpu_activity.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace lktest {
namespace {

/// Halted for good. x86 only: Linux on aarch64 waits with interrupts masked, and QEMU reports neither its
/// page tables nor its modes.
bool is_dead(const CpuState& cpu) {
    const bool x86 = cpu.page_tables || cpu.mode == CpuState::Mode::real || cpu.mode == CpuState::Mode::flat;
    return x86 && cpu.halted && !cpu.takes_interrupts;
}

}  // namespace

std::vector<CpuActivity> cpu_activities(const std::vector<std::vector<CpuState>>& samples) {
    std::vector<CpuActivity> activities;
    for (const std::vector<CpuState>& moment : samples)
        for (const CpuState& cpu : moment) {
            activities.resize(std::max<std::size_t>(activities.size(), cpu.index + 1));
            CpuActivity& activity = activities[cpu.index];
            ++activity.samples;
            activity.halted += cpu.halted ? 1 : 0;
            activity.dead += is_dead(cpu) ? 1 : 0;
            activity.in_programs += cpu.mode == CpuState::Mode::user ? 1 : 0;
            activity.in_real_mode += cpu.mode == CpuState::Mode::real ? 1 : 0;
            if (cpu.mode == CpuState::Mode::system && in_kernel_half(cpu.pc))
                ++activity.in_kernel;
            const auto place = std::ranges::lower_bound(activity.places, cpu.pc);
            if (place == activity.places.end() || *place != cpu.pc)
                activity.places.insert(place, cpu.pc);
        }
    return activities;
}

std::string in_words(const CpuActivity& activity, unsigned index) {
    if (activity.samples == 0)
        return fmt::format("CPU {}: not seen", index);
    std::string where = "in firmware, a boot loader or a kernel's entry";
    if (activity.in_programs > 0)
        where = fmt::format("running a program in {} of {} samples", activity.in_programs, activity.samples);
    else if (activity.in_kernel > 0)
        where = "in the kernel";
    else if (activity.in_real_mode > 0)
        where = "in real mode: a BIOS or its boot loader";
    std::string does = "busy";
    if (activity.idle())
        does = "idle";
    else if (activity.spins())
        does = "spinning in a tight loop";
    const std::string place = activity.places.size() == 1
                                  ? fmt::format("always at {:#x}", activity.places.front())
                                  : fmt::format("at {} places from {:#x} to {:#x}", activity.places.size(),
                                                activity.places.front(), activity.places.back());
    return fmt::format("CPU {}: {}, {}, {} ({} samples)", index, does, where, place, activity.samples);
}

void mark_waiting(std::vector<CpuState>& cpus, const GuestMemory& memory,
                  const std::optional<PageTables>& tables) {
    constexpr std::uint32_t wfi = 0xd503'207f;  // Arm ARM C6.2, HINT #3
    for (CpuState& cpu : cpus) {
        std::optional<std::uint64_t> at = cpu.pc - 4;
        if (in_kernel_half(cpu.pc))
            at = tables ? translate(memory, *tables, *at) : std::nullopt;
        else if (cpu.mode == CpuState::Mode::user)
            continue;
        if (at && memory.value<std::uint32_t>(*at) == wfi)
            cpu.halted = true;
    }
}

}  // namespace lktest
