// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "harness/diagnose/cpu_state.hpp"

namespace lktest {

/// Summary of a CPU's samples.
struct CpuActivity {
    std::size_t samples = 0, halted = 0;
    std::size_t dead = 0;         ///< halted with interrupts off; x86 only
    std::size_t in_kernel = 0;    ///< system mode, in the kernel's half of the addresses
    std::size_t in_programs = 0;  ///< user mode
    std::size_t in_real_mode = 0;
    std::vector<std::uint64_t> places;  ///< the different program counters, sorted

    bool idle() const { return samples > 0 && 2 * halted > samples; }
    /// A loop of a few instructions that only interrupts leave.
    bool spins() const { return samples >= 4 && halted == 0 && in_programs == 0 && places.size() <= 3; }
};

/// One for each CPU.
std::vector<CpuActivity> cpu_activities(const std::vector<std::vector<CpuState>>& samples);

/// "CPU 0: idle, in kernel mode, at 0xffffffff8d8592eb (8 samples)"
std::string in_words(const CpuActivity& activity, unsigned index);

/// Whether QEMU's register dump does not show that a CPU waits for an interrupt.
constexpr bool hides_waiting(Arch arch) {
    return arch == Arch::aarch64;
}

/// Marks the aarch64 CPUs that wait for an interrupt: the instruction before their program counter is WFI.
/// @param tables  the kernel's; without them only CPUs outside a kernel are examined
void mark_waiting(std::vector<CpuState>& cpus, const GuestMemory& memory,
                  const std::optional<PageTables>& tables);

}  // namespace lktest
