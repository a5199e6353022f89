// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "builder/base/platform.hpp"
#include "builder/boot/menu.hpp"
#include "builder/image/image_file.hpp"
#include "builder/recipe.hpp"
#include "builder/tree/file_tree.hpp"

namespace lktest {

/// efi_suffix() as the files of packages spell it: "x64".
std::string package_suffix(Arch arch);

/// The Debian packages that have the boot loaders of an architecture, and the
/// initramfs's static busybox.
std::vector<std::string> loader_packages(Arch arch, const Recipe& recipe);

/// The programs that firmware starts and the files that they read, as files of the ISO.
struct BootFiles {
    std::vector<ImageFile> bios;  ///< ISOLINUX, its modules and configuration; none on aarch64
    std::vector<ImageFile> efi;   ///< /EFI: on the ISO and, byte for byte, in the ESP
    std::vector<ImageFile> grub;  ///< GRUB's configurations, and the file by which it finds the medium
    std::string mbr;              ///< code of the first sector; empty on aarch64
};

/// @param packages  the loader packages, unpacked
/// @param efi       signed_efi(), built_efi(), systemd_boot_efi(), unified_kernel_efi(), or a vendor's
/// @param identity  /.disk/info: one line about the medium
/// @param by_grub   UEFI's loader is a GRUB, which reads the menu from the ISO
/// Throws a host Error naming the file that the packages lack.
BootFiles boot_files(const FileTree& packages, Arch arch, const BootMenu& menu, std::vector<ImageFile> efi,
                     const std::string& identity, bool by_grub);

/// Debian's signed shim as the removable-media loader, and its MokManager.
std::vector<ImageFile> shim_files(const FileTree& packages, Arch arch);

/// /EFI with Debian's signed shim and its signed GRUB for removable media (gcd*), which Secure
/// Boot accepts.
std::vector<ImageFile> signed_efi(const FileTree& packages, Arch arch);

/// /EFI with a GRUB made here: see grub_image().
std::vector<ImageFile> built_efi(const FileTree& packages, Arch arch);

/// Files that let a BIOS boot an archive on a FAT stick: /boot/syslinux with the menu
/// and SYSLINUX's installer, and /bootinst.sh, which the user runs on the stick. None on aarch64.
/// @param packages  must include stick_packages()
std::vector<ImageFile> stick_files(const FileTree& packages, Arch arch, const BootMenu& menu);

/// The Debian packages that stick files need in addition to loader_packages().
std::vector<std::string> stick_packages(Arch arch);

/// Files that a boot server serves by TFTP, or by HTTP to a UEFI that boots from a URL: shim as
/// /bootx64.efi or /bootaa64.efi with Debian's signed network GRUB next to it, and on x86_64
/// /lpxelinux.0 for BIOS. Each has its configuration, without any address.
std::vector<ImageFile> network_boot_files(const FileTree& packages, Arch arch, const BootMenu& menu);

}  // namespace lktest
