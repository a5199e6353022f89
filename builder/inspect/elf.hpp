// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "builder/base/platform.hpp"
#include "builder/tree/file_tree.hpp"

namespace lktest {

/// The machine that the header of an ELF file names (System V ABI, ELF header).
struct ElfMachine {
    std::uint16_t machine = 0;  ///< e_machine
    bool is_64_bit = false;     ///< e_ident[EI_CLASS]
};

/// Unset if the bytes are not an ELF file.
/// @param bytes  at least the first 20 bytes of a file
std::optional<ElfMachine> elf_machine_of(std::string_view bytes);

/// "64-bit aarch64", "32-bit x86", "machine 243".
std::string describe(const ElfMachine& machine);

/// Throws a usage Error naming the first file of the tree that is an ELF file for
/// another machine, which the kernel could not run.
/// @param what  name of the tree for the message: "initramfs"
void check_machine(const FileTree& tree, Arch arch, std::string_view what);

}  // namespace lktest
