// SPDX-License-Identifier: MIT
#pragma once

#include <compare>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "builder/base/platform.hpp"

namespace lktest {

/// How the image comes to the machine: as a CD-ROM, written to a removable USB stick; or, for the
/// tree of a boot server, by PXE (DHCP and TFTP), or by UEFI HTTP boot.
enum class Medium { cdrom, usb, pxe, http };

inline constexpr std::array all_media{Medium::cdrom, Medium::usb, Medium::pxe, Medium::http};

constexpr bool from_network(Medium medium) {
    return medium == Medium::pxe || medium == Medium::http;
}

std::string_view name(Medium medium);
std::optional<Medium> medium_from_name(std::string_view text);

/// One live image that is booted.
struct Image {
    std::string name;            ///< "recovery": what cells and reports call it
    std::filesystem::path path;  ///< the ISO, or the directory for a boot server; never written to
    auto operator<=>(const Image&) const = default;
};

/// One box of the boot matrix: what is booted, how, and what is asserted.
struct BootCell {
    std::string scenario;  ///< "boot"
    Image image;
    Arch arch = Arch::x86_64;
    Firmware firmware = Firmware::uefi;
    Medium medium = Medium::cdrom;
    auto operator<=>(const BootCell&) const = default;
};

/// "boot.recovery.aarch64-uefi-cdrom": the cell's directory, libvirt domain and JUnit case.
std::string name(const BootCell& cell);

/// Why no machine of this kind exists; nothing when one does.
std::optional<std::string_view> inapplicable(const BootCell& cell);

}  // namespace lktest
