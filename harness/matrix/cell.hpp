// SPDX-License-Identifier: MIT
#pragma once

#include <compare>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "builder/base/platform.hpp"

namespace lktest {

/// How the image is attached: as a CD-ROM, or written to a removable USB stick.
enum class Medium { cdrom, usb };

inline constexpr std::array all_media{Medium::cdrom, Medium::usb};

std::string_view name(Medium medium);
std::optional<Medium> medium_from_name(std::string_view text);

/// One live image that is booted.
struct Image {
    std::string name;            ///< "recovery": what cells and reports call it
    std::filesystem::path path;  ///< the ISO; never written to
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
