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
    std::vector<ImageFile> efi;   ///< /EFI, to be on the ISO and, byte for byte, in the ESP
    std::vector<ImageFile> grub;  ///< modules that its GRUB loads from /boot/grub
};

/// Reads shim, GRUB and the files beside them from the EFI system partition that the ISO's
/// El Torito catalogue names, and further files in the ISO's own /EFI. Programs are taken as they
/// are, so their signatures hold; each grub.cfg is replaced.
/// @param config  the new grub.cfg: it must find the medium by itself
/// Throws a usage Error when the ISO has no GRUB for UEFI machines of this architecture.
VendorLoader vendor_loader(const std::filesystem::path& iso, Arch arch, const std::string& config);

}  // namespace lktest
