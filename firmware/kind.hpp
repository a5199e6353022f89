// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <string_view>

#include "builder/base/platform.hpp"
#include "builder/base/table.hpp"

namespace lktest {

/// The kinds of firmware that boot a machine. `uefi_secure` is UEFI with Secure Boot on and Microsoft's keys
/// enrolled.
enum class Firmware { bios, uefi, uefi_secure, uefi_ia32, u_boot };

/// How QEMU loads the firmware.
enum class FirmwareLoad {
    by_qemu,  ///< QEMU finds the image itself
    flash,    ///< code and variable store, found by QEMU's firmware descriptors
    rom,      ///< one image without a variable store
};

/// A kind of firmware on the machines of one architecture.
struct FirmwareBuild {
    Arch arch;
    std::string_view program;                 ///< "OVMF"
    std::string_view package;                 ///< Debian's
    std::string_view efi_suffix;              ///< of the loaders that it starts; empty for a BIOS
    unsigned usual_seconds;                   ///< a whole boot under emulation, for ordering and sharding
    std::span<const std::string_view> buses;  ///< of drives that it boots from, as in drive_bus()
    std::string_view target = name(arch);     ///< the architecture in its descriptor
    /// Where packages install its image, unless descriptors name it; the first that exists is used.
    std::span<const std::string_view> images{};
    std::string_view usb = "qemu-xhci";  ///< libvirt's model of a controller that it has a driver for
    bool any_card = true;                ///< boots from every network card, not only from virtio-net
    bool smm = false;                    ///< needs a chipset with System Management Mode
};

/// What lktest knows of a kind of firmware.
struct FirmwareRow {
    Firmware value;
    std::string_view name;
    std::string_view title;  ///< in sentences: "UEFI"
    Firmware like;           ///< what a scenario or cause says of this kind holds for the row's, too
    FirmwareLoad load;
    std::span<const FirmwareBuild> builds;
    /// An RE2 expression for the first words on its console. Empty: as that of `like`.
    std::string_view banner{};
    std::string_view
        handover{};            ///< part of the line with which it starts a medium. Empty: as that of `like`
    bool by_default = false;   ///< part of a run that names no firmware
    bool secure_boot = false;  ///< enforced, with enrolled keys
    bool acpi = true;          ///< describes an aarch64 machine by ACPI unless asked otherwise
    bool cdrom = true;         ///< boots by El Torito
    bool network = true;       ///< boots by PXE, and by HTTP unless it is a BIOS
    bool direct = true;        ///< starts a kernel that QEMU was given
};

namespace firmware_tables {

inline constexpr std::string_view every_bus[] = {"ide", "sata", "scsi", "usb", "virtio", "nvme"};
inline constexpr std::string_view aavmf_buses[] = {"scsi", "usb", "virtio", "nvme"};
// QEMU's data directories: Debian's and Fedora's, then those of others.
inline constexpr std::string_view seabios_images[] = {"/usr/share/seabios/bios-256k.bin",
                                                      "/usr/share/qemu/bios-256k.bin",
                                                      "/usr/local/share/qemu/bios-256k.bin"};

inline constexpr FirmwareBuild seabios{.arch = Arch::x86_64,
                                       .program = "SeaBIOS",
                                       .package = "seabios",
                                       .efi_suffix = "",
                                       .usual_seconds = 12,
                                       .buses = every_bus,
                                       .images = seabios_images};
inline constexpr FirmwareBuild ovmf{.arch = Arch::x86_64,
                                    .program = "OVMF",
                                    .package = "ovmf",
                                    .efi_suffix = "X64",
                                    .usual_seconds = 20,
                                    .buses = every_bus};
inline constexpr FirmwareBuild ovmf_secure{.arch = Arch::x86_64,
                                           .program = "OVMF",
                                           .package = "ovmf",
                                           .efi_suffix = "X64",
                                           .usual_seconds = 20,
                                           .buses = every_bus,
                                           .smm = true};
// Its one build can enforce Secure Boot, and does not while no keys are enrolled.
inline constexpr FirmwareBuild ovmf_ia32{.arch = Arch::x86_64,
                                         .program = "32-bit OVMF",
                                         .package = "ovmf-ia32",
                                         .efi_suffix = "IA32",
                                         .usual_seconds = 20,
                                         .buses = every_bus,
                                         .target = "i386",
                                         .smm = true};
inline constexpr FirmwareBuild aavmf{.arch = Arch::aarch64,
                                     .program = "AAVMF",
                                     .package = "qemu-efi-aarch64",
                                     .efi_suffix = "AA64",
                                     .usual_seconds = 15,
                                     .buses = aavmf_buses,
                                     .any_card = false};

inline constexpr std::string_view u_boot_images[] = {"/usr/lib/u-boot/qemu_arm64/u-boot.bin"};
inline constexpr std::string_view u_boot_buses[] = {"usb", "virtio", "nvme"};
inline constexpr FirmwareBuild u_boot_arm{.arch = Arch::aarch64,
                                          .program = "U-Boot",
                                          .package = "u-boot-qemu",
                                          .efi_suffix = "AA64",
                                          .usual_seconds = 15,
                                          .buses = u_boot_buses,
                                          .images = u_boot_images,
                                          .usb = "ehci"};

inline constexpr FirmwareBuild bios[] = {seabios};
inline constexpr FirmwareBuild uefi[] = {ovmf, aavmf};
inline constexpr FirmwareBuild uefi_secure[] = {ovmf_secure, aavmf};
inline constexpr FirmwareBuild uefi_ia32[] = {ovmf_ia32};
inline constexpr FirmwareBuild u_boot[] = {u_boot_arm};

}  // namespace firmware_tables

inline constexpr std::array firmware_rows{
    FirmwareRow{.value = Firmware::bios,
                .name = "bios",
                .title = "BIOS",
                .like = Firmware::bios,
                .load = FirmwareLoad::by_qemu,
                .builds = firmware_tables::bios,
                .banner = R"(SeaBIOS \(version \S+\))",
                .handover = "Booting from ",
                .by_default = true},
    FirmwareRow{.value = Firmware::uefi,
                .name = "uefi",
                .title = "UEFI",
                .like = Firmware::uefi,
                .load = FirmwareLoad::flash,
                .builds = firmware_tables::uefi,
                .banner = R"(UEFI firmware \(version|BdsDxe: \w)",
                .handover = "BdsDxe: starting ",
                .by_default = true},
    // Off by default: signed loaders are missing on many media.
    FirmwareRow{.value = Firmware::uefi_secure,
                .name = "uefi-secure",
                .title = "Secure Boot UEFI",
                .like = Firmware::uefi,
                .load = FirmwareLoad::flash,
                .builds = firmware_tables::uefi_secure,
                .secure_boot = true,
                .direct = false},
    // 64-bit PCs whose firmware has 32 bits: tablets with an early Atom, the first Intel Macs.
    FirmwareRow{.value = Firmware::uefi_ia32,
                .name = "uefi-ia32",
                .title = "32-bit UEFI",
                .like = Firmware::uefi,
                .load = FirmwareLoad::flash,
                .builds = firmware_tables::uefi_ia32,
                .direct = false},
    // Boards: U-Boot's own UEFI, which reads no El Torito and passes a device tree to the kernel.
    FirmwareRow{.value = Firmware::u_boot,
                .name = "u-boot",
                .title = "U-Boot",
                .like = Firmware::uefi,
                .load = FirmwareLoad::rom,
                .builds = firmware_tables::u_boot,
                .banner = R"(U-Boot (?:SPL |TPL )?\d{4}\.\d\d)",
                .handover = "Found EFI removable media binary ",
                .acpi = false,
                .cdrom = false,
                .network = false,
                .direct = false},
};
static_assert(is_in_order(firmware_rows));
inline constexpr std::array all_firmwares = values_of(firmware_rows);

constexpr const FirmwareRow& row_of(Firmware firmware) {
    return row_at(firmware_rows, firmware);
}
constexpr std::string_view name(Firmware firmware) {
    return row_of(firmware).name;
}

/// Unset if machines of the architecture never have this firmware.
constexpr const FirmwareBuild* build_of(Firmware firmware, Arch arch) {
    for (const FirmwareBuild& build : row_of(firmware).builds)
        if (build.arch == arch)
            return &build;
    return nullptr;
}

/// Whether it starts EFI programs from the medium's EFI system partition.
constexpr bool is_uefi(Firmware firmware) {
    return !row_of(firmware).builds.front().efi_suffix.empty();
}

/// Whether `wanted`, what a scenario, milestone or cause is limited to, includes this kind. Empty means all.
inline bool includes(std::span<const Firmware> wanted, Firmware firmware) {
    const auto named = [wanted](Firmware one) { return std::ranges::find(wanted, one) != wanted.end(); };
    return wanted.empty() || named(firmware) || named(row_of(firmware).like);
}

}  // namespace lktest
