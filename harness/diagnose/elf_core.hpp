// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "builder/base/platform.hpp"
#include "harness/diagnose/general_registers.hpp"
#include "harness/diagnose/page_tables.hpp"
#include "harness/diagnose/ram_layout.hpp"

namespace lktest {

/// The contents of a core file of a paused machine.
struct CoreContent {
    Arch arch = Arch::x86_64;
    std::vector<GeneralRegisters> cpus;
    std::string vmcoreinfo{};  ///< the kernel's VMCOREINFO; empty if unknown
    /// The memory, which follows in the file, each piece at its offset.
    std::vector<RamRange> ram;
    /// The addresses at which debuggers see it. Addresses outside the memory are omitted.
    std::vector<MappedRange> mapped;
};

/// The memory at its physical addresses, for a machine without a kernel.
std::vector<MappedRange> at_physical_addresses(const std::vector<RamRange>& ram);

/// An ELF core (elf(5); NT_PRSTATUS: struct elf_prstatus of Linux' include/linux/elfcore.h) up to its memory,
/// whole pages. Each CPU is a thread, numbered from 1.
std::string elf_core_head(const CoreContent& content);

/// A note (elf(5), Nhdr): name and content each end at a multiple of four.
std::string elf_note(std::string_view name, std::uint32_t type, std::string_view content);

}  // namespace lktest
