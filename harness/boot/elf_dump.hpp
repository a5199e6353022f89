// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>

#include "harness/boot/onlooker.hpp"

namespace lktest {

/// Writes the memory and CPUs of a guest that stands still to an ELF core, in which a kernel's memory is at
/// the kernel's own addresses, and the kernel's symbols beside it: vm.elf, vm.symbols.elf. What nobody wrote
/// to is a hole in the file. Returns the command that opens it with gdb. Throws a host Error.
std::string dump_elf(const Domain& guest, const Onlooker& onlooker, const std::filesystem::path& file);

}  // namespace lktest
