// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

namespace lktest {

/// The start of a little-endian ELF file.
/// @param elf_class  1: 32 bits, 2: 64 bits
inline std::string elf_bytes(std::uint16_t machine, char elf_class = 2) {
    std::string bytes("\177ELF");
    bytes.push_back(elf_class);
    bytes.append("\1\1").resize(18, '\0');
    bytes.push_back(static_cast<char>(machine & 0xff));
    bytes.push_back(static_cast<char>(machine >> 8));
    bytes.resize(64, '\0');
    return bytes;
}

}  // namespace lktest
