// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "builder/base/platform.hpp"
#include "builder/image/image_file.hpp"

namespace lktest {

/// The boot loader of a vendor's ISO.
struct VendorLoader {
    std::vector<ImageFile> efi;   ///< /EFI, for the ISO and, byte for byte, for the ESP
    std::vector<ImageFile> grub;  ///< modules that its GRUB loads from /boot/grub
};

/// Reads shim, GRUB and the files next to them from the EFI system partition that the ISO's
/// El Torito catalogue names, and further files from the ISO's /EFI. Programs are copied unchanged,
/// so their signatures stay valid; each grub.cfg is replaced.
/// @param config  the new grub.cfg: it must find the medium by itself
/// Throws a usage Error if the ISO does not have a UEFI GRUB for this architecture.
VendorLoader vendor_loader(const std::filesystem::path& iso, Arch arch, const std::string& config);

}  // namespace lktest
