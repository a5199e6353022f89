// SPDX-License-Identifier: MIT
#include "builder/base/platform.hpp"

namespace lktest {
namespace {

struct ArchFacts {
    Arch arch;
    std::string_view name, debian, efi_suffix, grub_efi, serial;
    std::uint16_t elf_machine;
};

constexpr std::array arch_facts{
    ArchFacts{Arch::x86_64, "x86_64", "amd64", "X64", "x86_64-efi", "ttyS0", 62},
    ArchFacts{Arch::aarch64, "aarch64", "arm64", "AA64", "arm64-efi", "ttyAMA0", 183},
};

constexpr const ArchFacts& facts(Arch arch) {
    return arch_facts[static_cast<std::size_t>(arch)];
}

}  // namespace

std::string_view name(Arch arch) {
    return facts(arch).name;
}

std::string_view name(Firmware firmware) {
    constexpr std::array names{"bios", "uefi", "uefi-secure"};
    return names[static_cast<std::size_t>(firmware)];
}

std::optional<Arch> arch_from_name(std::string_view text) {
    for (const ArchFacts& known : arch_facts)
        if (text == known.name)
            return known.arch;
    return std::nullopt;
}

std::optional<Firmware> firmware_from_name(std::string_view text) {
    for (Firmware firmware : all_firmwares)
        if (text == name(firmware))
            return firmware;
    return std::nullopt;
}

std::string_view debian_name(Arch arch) {
    return facts(arch).debian;
}

std::string_view efi_suffix(Arch arch) {
    return facts(arch).efi_suffix;
}

std::string_view grub_efi_platform(Arch arch) {
    return facts(arch).grub_efi;
}

std::uint16_t elf_machine(Arch arch) {
    return facts(arch).elf_machine;
}

std::string_view serial_console(Arch arch) {
    return facts(arch).serial;
}

Arch host_arch() {
#if defined(__aarch64__)
    return Arch::aarch64;
#else
    return Arch::x86_64;
#endif
}

}  // namespace lktest
