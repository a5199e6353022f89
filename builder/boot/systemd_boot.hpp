// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "builder/base/platform.hpp"
#include "builder/boot/menu.hpp"
#include "builder/image/image_file.hpp"
#include "builder/tree/file_tree.hpp"

namespace lktest {

/// A kernel and its initramfs, as the ESP needs them: UEFI programs read FAT only.
struct KernelFiles {
    std::string kernel, initramfs;
    std::string release;  ///< "6.1.0-57-amd64"; may be empty
};

/// systemd-boot as the removable-media loader, with an entry for each of the menu's.
std::vector<ImageFile> systemd_boot_efi(const FileTree& packages, Arch arch, const BootMenu& menu);

/// A unified kernel image for the menu's first entry. With more entries systemd-boot is the removable-media
/// loader and passes their command lines to the same image.
/// @param own_images  each entry has an image of its own: under Secure Boot the stub ignores other command
/// lines
std::vector<ImageFile> unified_kernel_efi(const FileTree& packages, Arch arch, const BootMenu& menu,
                                          const KernelFiles& files, bool own_images);

}  // namespace lktest
