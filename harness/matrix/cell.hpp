// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <chrono>
#include <compare>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "builder/base/platform.hpp"
#include "firmware/kind.hpp"
#include "harness/matrix/hardware.hpp"

namespace lktest {

/// How the machine accesses the image or, for a boot server's tree, the server.
enum class Medium {
    cdrom,  ///< a CD-ROM on the machine's usual bus: SATA on q35, IDE on pc, SCSI on virt
    cdrom_ide,
    cdrom_sata,
    cdrom_scsi,
    cdrom_usb,
    usb,        ///< written to a removable USB stick
    disk,       ///< written to a virtio disk
    disk_512e,  ///< the same, with 4 KiB physical sectors, reported as 512-byte logical sectors
    nvme,
    direct,  ///< a CD-ROM, but QEMU itself starts the kernel and initramfs on it
    pxe,     ///< DHCP and TFTP
    http,    ///< UEFI HTTP boot
};

/// What the firmware sees.
enum class DriveKind {
    cdrom,    ///< El Torito counts
    disk,     ///< partitions count
    network,  ///< none
};

struct MediumRow {
    Medium value;
    std::string_view name;
    DriveKind drive;
    std::string_view bus;        ///< empty: the chipset's
    bool removable = true;       ///< can be taken out while the machine runs
    bool by_libvirt = true;      ///< libvirt can describe the drive
    bool large_sectors = false;  ///< physical sectors of 4 KiB
    bool http = false;           ///< UEFI HTTP boot instead of PXE
    bool direct = false;         ///< QEMU starts the kernel, and no boot loader runs
};

// libvirt's USB CD-ROM is a disk to the guest, and it knows no NVMe disk of a file.
inline constexpr std::array medium_rows{
    MediumRow{.value = Medium::cdrom, .name = "cdrom", .drive = DriveKind::cdrom, .bus = ""},
    MediumRow{.value = Medium::cdrom_ide, .name = "cdrom-ide", .drive = DriveKind::cdrom, .bus = "ide"},
    MediumRow{.value = Medium::cdrom_sata, .name = "cdrom-sata", .drive = DriveKind::cdrom, .bus = "sata"},
    MediumRow{.value = Medium::cdrom_scsi, .name = "cdrom-scsi", .drive = DriveKind::cdrom, .bus = "scsi"},
    MediumRow{.value = Medium::cdrom_usb,
              .name = "cdrom-usb",
              .drive = DriveKind::cdrom,
              .bus = "usb",
              .removable = false,
              .by_libvirt = false},
    MediumRow{.value = Medium::usb, .name = "usb", .drive = DriveKind::disk, .bus = "usb"},
    MediumRow{
        .value = Medium::disk, .name = "disk", .drive = DriveKind::disk, .bus = "virtio", .removable = false},
    MediumRow{.value = Medium::disk_512e,
              .name = "disk-512e",
              .drive = DriveKind::disk,
              .bus = "virtio",
              .removable = false,
              .large_sectors = true},
    MediumRow{.value = Medium::nvme,
              .name = "nvme",
              .drive = DriveKind::disk,
              .bus = "nvme",
              .removable = false,
              .by_libvirt = false},
    MediumRow{
        .value = Medium::direct, .name = "direct", .drive = DriveKind::cdrom, .bus = "", .direct = true},
    MediumRow{
        .value = Medium::pxe, .name = "pxe", .drive = DriveKind::network, .bus = "", .removable = false},
    MediumRow{.value = Medium::http,
              .name = "http",
              .drive = DriveKind::network,
              .bus = "",
              .removable = false,
              .http = true},
};
static_assert(is_in_order(medium_rows));
inline constexpr std::array all_media = values_of(medium_rows);
inline constexpr Medium plain_medium = Medium::cdrom;

constexpr const MediumRow& row_of(Medium medium) {
    return row_at(medium_rows, medium);
}
constexpr std::string_view name(Medium medium) {
    return row_of(medium).name;
}
constexpr bool from_network(Medium medium) {
    return row_of(medium).drive == DriveKind::network;
}
constexpr bool is_disk(Medium medium) {
    return row_of(medium).drive == DriveKind::disk;
}
constexpr bool is_direct(Medium medium) {
    return row_of(medium).direct;
}

/// A live image to boot.
struct Image {
    std::string name;            ///< "recovery": its name in cells and reports
    std::filesystem::path path;  ///< the ISO, or the directory for a boot server; never written to
    auto operator<=>(const Image&) const = default;
};

/// A cell of the boot matrix: image, machine and scenario.
struct BootCell {
    std::string scenario;  ///< "boot"
    Image image;
    Arch arch = Arch::x86_64;
    Firmware firmware = Firmware::uefi;
    Medium medium = Medium::cdrom;
    Hardware hardware{};
    auto operator<=>(const BootCell&) const = default;
};

/// "boot.recovery.aarch64-uefi-cdrom", and with other hardware "….x86_64-uefi-usb-pc-2cpus". Names the cell's
/// directory, libvirt domain and JUnit case.
std::string name(const BootCell& cell);

/// Why no machine of this kind exists; unset if one does.
std::optional<std::string> inapplicable(const BootCell& cell);

/// The same machine under its shortest name: without default hardware, and with "cdrom" if that is
/// equivalent.
BootCell canonical(BootCell cell);

Chipset chipset(const BootCell& cell);

/// The bus of the medium's drive: "ide", "sata", "scsi", "usb", "virtio", "nvme"; empty for network media.
std::string_view drive_bus(const BootCell& cell);

/// How the firmware describes the machine to the kernel.
Tables tables_of(const BootCell& cell);

/// How long such a cell takes if it was never timed. Measured under emulation; mostly the ratios matter.
std::chrono::seconds usual_time(const BootCell& cell);

}  // namespace lktest
