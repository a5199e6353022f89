// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "builder/tree/file_tree.hpp"

namespace lktest {

/// Where a GRUB finds its configuration.
enum class GrubHome {
    medium,  ///< /boot/grub/grub.cfg on the medium with /.disk/info
    server,  ///< /grub/grub.cfg on the server that it was loaded from
};

/// A GRUB for UEFI, made here by grub-mkimage(1) from the modules of Debian's package grub-efi-amd64-bin or
/// one of its siblings. It is not signed, so Secure Boot refuses it.
/// @param package   unpacked
/// @param platform  "x86_64-efi"
/// Throws a host Error if the package lacks the modules, or grub-mkimage is not installed.
std::string grub_image(const FileTree& package, const std::string& platform,
                       GrubHome home = GrubHome::medium);

}  // namespace lktest
