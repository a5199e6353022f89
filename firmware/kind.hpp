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
enum class Firmware { bios, uefi, uefi_secure, uefi_ia32 };

/// How QEMU loads the firmware.
enum class FirmwareLoad {
    by_qemu,  ///< QEMU finds the image itself
    flash,    ///< code and variable store, found by QEMU's firmware descriptors
    rom,      ///< one image without a variable store
};

/// A kind of firmware on the machines of one architecture.
struct FirmwareBuild {
    Arch arch;
    std::string_view program;     ///< "OVMF"
    std::string_view package;     ///< Debian's
    std::string_view efi_suffix;  ///< of the loaders that it starts; empty for a BIOS
    std::string_view target;      ///< the architecture in its descriptor
    /// Where packages install its image, for all but FirmwareLoad::flash; the first that exists is used.
    std::span<const std::string_view> images;
    std::span<const std::string_view> buses;  ///< of drives that it boots from, as in drive_bus()
    bool any_card;                            ///< boots from every network card, not only from virtio-net
    bool smm;                                 ///< needs a chipset with System Management Mode
    unsigned usual_seconds;                   ///< a whole boot under emulation, for ordering and sharding
};

/// What lktest knows of a kind of firmware.
struct FirmwareRow {
    Firmware value;
    std::string_view name;
    std::string_view title;  ///< in sentences: "UEFI"
    Firmware like;           ///< what a scenario or cause says of this kind holds for the row's, too
    FirmwareLoad load;
    bool by_default;   ///< part of a run that names no firmware
    bool secure_boot;  ///< enforced, with enrolled keys
    bool acpi;         ///< describes an aarch64 machine by ACPI unless asked otherwise
    bool network;      ///< boots by PXE, and by HTTP unless it is a BIOS
    bool direct;       ///< starts a kernel that QEMU was given
    std::span<const FirmwareBuild> builds;
};

namespace firmware_tables {

inline constexpr std::string_view every_bus[] = {"ide", "sata", "scsi", "usb", "virtio", "nvme"};
inline constexpr std::string_view aavmf_buses[] = {"scsi", "usb", "virtio", "nvme"};
// QEMU's data directories: Debian's and Fedora's, then those of others.
inline constexpr std::string_view seabios_images[] = {"/usr/share/seabios/bios-256k.bin",
                                                      "/usr/share/qemu/bios-256k.bin",
                                                      "/usr/local/share/qemu/bios-256k.bin"};

inline constexpr FirmwareBuild bios[] = {
    {Arch::x86_64, "SeaBIOS", "seabios", "", "x86_64", seabios_images, every_bus, true, false, 12},
};
inline constexpr FirmwareBuild uefi[] = {
    {Arch::x86_64, "OVMF", "ovmf", "X64", "x86_64", {}, every_bus, true, false, 20},
    {Arch::aarch64, "AAVMF", "qemu-efi-aarch64", "AA64", "aarch64", {}, aavmf_buses, false, false, 15},
};
inline constexpr FirmwareBuild uefi_secure[] = {
    {Arch::x86_64, "OVMF", "ovmf", "X64", "x86_64", {}, every_bus, true, true, 20},
    {Arch::aarch64, "AAVMF", "qemu-efi-aarch64", "AA64", "aarch64", {}, aavmf_buses, false, false, 15},
};
// Its one build can enforce Secure Boot, and does not while no keys are enrolled.
inline constexpr FirmwareBuild uefi_ia32[] = {
    {Arch::x86_64, "32-bit OVMF", "ovmf-ia32", "IA32", "i386", {}, every_bus, true, true, 20},
};

}  // namespace firmware_tables

inline constexpr std::array firmware_rows{
    FirmwareRow{.value = Firmware::bios,
                .name = "bios",
                .title = "BIOS",
                .like = Firmware::bios,
                .load = FirmwareLoad::by_qemu,
                .by_default = true,
                .secure_boot = false,
                .acpi = true,
                .network = true,
                .direct = true,
                .builds = firmware_tables::bios},
    FirmwareRow{.value = Firmware::uefi,
                .name = "uefi",
                .title = "UEFI",
                .like = Firmware::uefi,
                .load = FirmwareLoad::flash,
                .by_default = true,
                .secure_boot = false,
                .acpi = true,
                .network = true,
                .direct = true,
                .builds = firmware_tables::uefi},
    // Off by default: signed loaders are missing on many media.
    FirmwareRow{.value = Firmware::uefi_secure,
                .name = "uefi-secure",
                .title = "Secure Boot UEFI",
                .like = Firmware::uefi,
                .load = FirmwareLoad::flash,
                .by_default = false,
                .secure_boot = true,
                .acpi = true,
                .network = true,
                .direct = false,
                .builds = firmware_tables::uefi_secure},
    // 64-bit PCs whose firmware has 32 bits: tablets with an early Atom, the first Intel Macs.
    FirmwareRow{.value = Firmware::uefi_ia32,
                .name = "uefi-ia32",
                .title = "32-bit UEFI",
                .like = Firmware::uefi,
                .load = FirmwareLoad::flash,
                .by_default = false,
                .secure_boot = false,
                .acpi = true,
                .network = true,
                .direct = false,
                .builds = firmware_tables::uefi_ia32},
};
static_assert(is_in_order(firmware_rows));
inline constexpr std::array all_firmwares = values_of(firmware_rows);

constexpr const FirmwareRow& row_of(Firmware firmware) {
    return row_at(firmware_rows, firmware);
}
constexpr std::string_view name(Firmware firmware) {
    return row_of(firmware).name;
}
constexpr std::optional<Firmware> firmware_from_name(std::string_view text) {
    return value_named(firmware_rows, text);
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
