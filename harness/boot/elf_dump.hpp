// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>

#include "harness/boot/onlooker.hpp"

namespace lktest {

/// Writes the memory and CPUs of a paused guest to an ELF core that maps the kernel's memory at its virtual
/// addresses. Writes the kernel's symbols next to it: vm.elf, vm.symbols.elf. Memory that was never written
/// is a hole in the file. Returns the command that opens it with gdb. Throws a host Error.
std::string dump_elf(const Domain& guest, const Onlooker& onlooker, const std::filesystem::path& file);

}  // namespace lktest
