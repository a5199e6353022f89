// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "builder/base/platform.hpp"
#include "harness/diagnose/page_tables.hpp"

namespace lktest {

/// State of a virtual CPU at one moment.
struct CpuState {
    enum class Mode {
        real,    ///< x86: 16-bit code of a BIOS or a boot loader
        flat,    ///< x86: 32-bit protected mode
        system,  ///< x86_64: CPL 0 in long mode; aarch64: EL1 and above
        user,    ///< x86: CPL 3; aarch64: EL0
    };
    unsigned index = 0;
    std::uint64_t pc = 0;  ///< x86 real mode: linear
    std::uint64_t sp = 0;
    std::uint64_t frame = 0;      ///< RBP, X29
    std::uint64_t return_to = 0;  ///< aarch64: X30
    Mode mode = Mode::system;
    bool halted = false;                      ///< x86 only: it waits for an interrupt
    bool takes_interrupts = false;            ///< x86 only: RFLAGS.IF
    std::optional<PageTables> page_tables{};  ///< x86 with paging only: QEMU does not report aarch64's
};

/// Parses the answer of QEMU's monitor to "info registers -a". Empty if it is anything else.
std::vector<CpuState> cpu_states(std::string_view registers, Arch arch);

/// The state of each CPU in such an answer.
std::vector<std::string_view> parts_of_cpus(std::string_view registers);

/// The page tables of the first CPU that executes a kernel at the kernel's own addresses.
std::optional<PageTables> kernel_tables(const std::vector<CpuState>& cpus);

}  // namespace lktest
