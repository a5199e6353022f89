// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "builder/base/platform.hpp"

/// Programs of a few bytes for a kernel to execute: static ELF files of one segment.
namespace lktest::tiny_elf {

inline constexpr std::uint16_t em_386 = 3, em_x86_64 = 62, em_aarch64 = 183;

/// `value` in little-endian bytes.
inline std::string bytes(std::uint64_t value, unsigned size) {
    std::string text;
    for (unsigned i = 0; i < size; ++i)
        text += static_cast<char>(value >> (8 * i));
    return text;
}

/// A 64-bit executable (ELF-64 Object File Format 1.5) that begins with `code`, at 4 MiB.
inline std::string program(std::uint16_t machine, const std::string& code) {
    constexpr std::uint64_t base = 0x400000, header = 64, segment = 56;
    const std::uint64_t size = header + segment + code.size();
    return "\x7f"
           "ELF\x02\x01\x01" +
           std::string(9, '\0') + bytes(2, 2) + bytes(machine, 2) + bytes(1, 4) +
           bytes(base + header + segment, 8) + bytes(header, 8) + bytes(0, 8) + bytes(0, 4) +
           bytes(header, 2) + bytes(segment, 2) + bytes(1, 2) + std::string(6, '\0') + bytes(1, 4) +
           bytes(5, 4) + bytes(0, 8) + bytes(base, 8) + bytes(base, 8) + bytes(size, 8) + bytes(size, 8) +
           bytes(0x1000, 8) + code;
}

/// A program that exits with this status.
inline std::string exits(Arch arch, unsigned status) {
    if (arch == Arch::x86_64)  // mov edi,status; mov eax,60; syscall
        return program(em_x86_64, "\xbf" + bytes(status, 4) + "\xb8" + bytes(60, 4) + "\x0f\x05");
    // mov x0,status; mov x8,93; svc 0
    return program(em_aarch64,
                   bytes(0xd2800000 | (status << 5), 4) + bytes(0xd2800ba8, 4) + bytes(0xd4000001, 4));
}

/// A program that reads address 0.
inline std::string crashes(Arch arch) {
    if (arch == Arch::x86_64)  // xor eax,eax; mov eax,[rax]
        return program(em_x86_64, "\x31\xc0\x8b" + std::string(1, '\0'));
    return program(em_aarch64, bytes(0xd2800000, 4) + bytes(0xf9400000, 4));  // mov x0,0; ldr x0,[x0]
}

/// An instruction that jumps to itself.
inline std::string spin(Arch arch) {
    return arch == Arch::x86_64 ? "\xeb\xfe" : bytes(0x14000000, 4);
}

/// An instruction that is undefined on every processor: ud2, udf #0.
inline std::string undefined(Arch arch) {
    return arch == Arch::x86_64 ? "\x0f\x0b" : bytes(0, 4);
}

/// A program that never ends and never waits.
inline std::string spins(Arch arch) {
    return program(arch == Arch::x86_64 ? em_x86_64 : em_aarch64, spin(arch));
}

/// A program for another machine: one for an old PC on ARM, one for ARM on a PC, because a PC also executes
/// programs for old ones.
inline std::string foreign(Arch arch) {
    return program(arch == Arch::x86_64 ? em_aarch64 : em_386, "\xf4");
}

}  // namespace lktest::tiny_elf
