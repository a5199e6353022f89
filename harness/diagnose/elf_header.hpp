// SPDX-License-Identifier: MIT
#pragma once

#include <elf.h>

#include <cstring>
#include <string>

#include "builder/base/platform.hpp"

namespace lktest {

/// The header of a 64-bit little-endian ELF file, without any tables yet (elf(5)).
/// @param type  ET_CORE, ET_EXEC
inline Elf64_Ehdr elf_header(Arch arch, Elf64_Half type) {
    Elf64_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_type = type;
    header.e_machine = elf_machine(arch);
    header.e_version = EV_CURRENT;
    header.e_ehsize = sizeof header;
    return header;
}

/// Adds one of ELF's structures to a file.
template <typename T>
void append_elf(std::string& file, const T& value) {
    file.append(reinterpret_cast<const char*>(&value), sizeof value);
}

}  // namespace lktest
