// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "builder/base/platform.hpp"
#include "builder/tree/file_tree.hpp"

namespace lktest {

/// A GRUB for UEFI, made here by grub-mkimage(1) out of the modules of Debian's package
/// grub-efi-amd64-bin or grub-efi-arm64-bin. It finds its medium by /.disk/info and reads
/// /boot/grub/grub.cfg there. It is not signed, so Secure Boot refuses it.
/// @param package  unpacked
/// Throws a host Error if the package lacks the modules, or grub-mkimage is not installed.
std::string grub_image(const FileTree& package, Arch arch);

}  // namespace lktest
