// SPDX-License-Identifier: MIT
#include "harness/diagnose/kernel_sign.hpp"

#include <algorithm>

namespace lktest {
namespace {

/// Firmware and loaders use neither user mode nor the upper half of the addresses. That half begins at
/// 0xc0000000 for a 32-bit kernel; the firmware's ROM is at the top of 4 GiB.
bool is_of_kernel(const CpuState& cpu) {
    constexpr std::uint64_t half_of_32_bits = 0xc000'0000, rom = 0xff00'0000;
    switch (cpu.mode) {
        case CpuState::Mode::user: return true;
        case CpuState::Mode::system: return in_kernel_half(cpu.pc);
        case CpuState::Mode::flat: return cpu.pc >= half_of_32_bits && cpu.pc < rom;
        case CpuState::Mode::real: return false;
    }
    return false;
}

}  // namespace

KernelSign kernel_sign(const std::vector<CpuState>& cpus) {
    if (cpus.empty())
        return KernelSign::unknown;
    return std::ranges::any_of(cpus, is_of_kernel) ? KernelSign::kernel : KernelSign::loader;
}

}  // namespace lktest
