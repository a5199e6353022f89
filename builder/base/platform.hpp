// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "builder/base/table.hpp"

namespace lktest {

/// The architectures that live media are built and booted for.
enum class Arch { x86_64, aarch64 };

/// What an architecture is called, and how its media boot.
struct ArchRow {
    Arch value;
    std::string_view name;        ///< the kernel's and libvirt's
    std::string_view debian;      ///< "amd64"
    std::string_view efi_suffix;  ///< of UEFI's removable-media file names (UEFI 2.10, 3.5.1.1)
    std::string_view grub_efi;    ///< GRUB's platform directory
    std::string_view serial;      ///< the first serial port as Linux names it
    std::uint16_t elf_machine;    ///< EM_X86_64, EM_AARCH64
    bool pc;                      ///< with a BIOS and ISA devices; its media have loaders for a BIOS, too
};

inline constexpr std::array arch_rows{
    ArchRow{Arch::x86_64, "x86_64", "amd64", "X64", "x86_64-efi", "ttyS0", 62, true},
    ArchRow{Arch::aarch64, "aarch64", "arm64", "AA64", "arm64-efi", "ttyAMA0", 183, false},
};
static_assert(is_in_order(arch_rows));
inline constexpr std::array all_arches = values_of(arch_rows);

constexpr const ArchRow& row_of(Arch arch) {
    return row_at(arch_rows, arch);
}
constexpr std::string_view name(Arch arch) {
    return row_of(arch).name;
}
constexpr std::optional<Arch> arch_from_name(std::string_view text) {
    return value_named(arch_rows, text);
}
constexpr bool is_pc(Arch arch) {
    return row_of(arch).pc;
}
constexpr std::string_view debian_name(Arch arch) {
    return row_of(arch).debian;
}
constexpr std::string_view efi_suffix(Arch arch) {
    return row_of(arch).efi_suffix;
}
constexpr std::string_view grub_efi_platform(Arch arch) {
    return row_of(arch).grub_efi;
}
constexpr std::uint16_t elf_machine(Arch arch) {
    return row_of(arch).elf_machine;
}
constexpr std::string_view serial_console(Arch arch) {
    return row_of(arch).serial;
}

/// The architecture that this program was compiled for.
constexpr Arch host_arch() {
#if defined(__aarch64__)
    return Arch::aarch64;
#else
    return Arch::x86_64;
#endif
}

}  // namespace lktest
