// SPDX-License-Identifier: MIT
#pragma once

#include <compare>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "builder/base/platform.hpp"
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

inline constexpr std::array all_media{Medium::cdrom,      Medium::cdrom_ide, Medium::cdrom_sata,
                                      Medium::cdrom_scsi, Medium::cdrom_usb, Medium::usb,
                                      Medium::disk,       Medium::disk_512e, Medium::nvme,
                                      Medium::direct,     Medium::pxe,       Medium::http};

constexpr bool from_network(Medium medium) {
    return medium == Medium::pxe || medium == Medium::http;
}

/// Whether the firmware sees a disk, on which partitions count and El Torito does not.
constexpr bool is_disk(Medium medium) {
    return medium == Medium::usb || medium == Medium::disk || medium == Medium::disk_512e ||
           medium == Medium::nvme;
}

std::string_view name(Medium medium);
std::optional<Medium> medium_from_name(std::string_view text);

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

}  // namespace lktest
