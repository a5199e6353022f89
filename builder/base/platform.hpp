// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace lktest {

/// The architectures that live media are built and booted for.
enum class Arch { x86_64, aarch64 };

/// The firmware: SeaBIOS, or UEFI (OVMF, AAVMF); `uefi_secure` is UEFI with Secure Boot
/// on and Microsoft's keys enrolled.
enum class Firmware { bios, uefi, uefi_secure };

constexpr bool is_uefi(Firmware firmware) {
    return firmware != Firmware::bios;
}

inline constexpr std::array all_arches{Arch::x86_64, Arch::aarch64};
inline constexpr std::array all_firmwares{Firmware::bios, Firmware::uefi, Firmware::uefi_secure};

/// "x86_64", "aarch64": the kernel's and libvirt's name.
std::string_view name(Arch arch);
/// "bios", "uefi", "uefi-secure".
std::string_view name(Firmware firmware);

std::optional<Arch> arch_from_name(std::string_view text);
std::optional<Firmware> firmware_from_name(std::string_view text);

/// Debian's name: "amd64", "arm64".
std::string_view debian_name(Arch arch);
/// The suffix of UEFI's removable-media file names: "X64", "AA64" (UEFI 2.10, 3.5.1.1).
std::string_view efi_suffix(Arch arch);
/// GRUB's platform directory: "x86_64-efi", "arm64-efi".
std::string_view grub_efi_platform(Arch arch);
/// ELF e_machine: 62 (EM_X86_64), 183 (EM_AARCH64).
std::uint16_t elf_machine(Arch arch);
/// The first serial port as Linux names it: "ttyS0", "ttyAMA0".
std::string_view serial_console(Arch arch);
/// The architecture this program was compiled for.
Arch host_arch();

}  // namespace lktest
