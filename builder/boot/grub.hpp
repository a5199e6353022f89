// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "builder/boot/menu.hpp"

namespace lktest {

/// /boot/grub/grub.cfg. Debian's signed gcd*.efi finds its medium by /.disk/info, sets
/// $root and $prefix to it, and reads this file; so kernel paths need no search.
std::string grub_config(const BootMenu& menu, Arch arch);

/// grub.cfg for a GRUB with another $root, such as a vendor's: it first finds the medium by its label.
std::string grub_vendor_config(const BootMenu& menu, Arch arch, const std::string& label);

/// /boot/grub/loopback.cfg: the menu for a multi-boot stick that has the ISO as a file. Its
/// GRUB has mounted the ISO as $root and the file's path in $iso_path.
std::string grub_loopback_config(const BootMenu& menu);

/// /grub/grub.cfg on a boot server, for Debian's signed grubnet*.efi, which has set $root to
/// where it was loaded from. The rest comes by HTTP, from the server that DHCP named.
std::string grub_network_config(const BootMenu& menu, Arch arch);

/// /boot/grub/grub.cfg in the disk image that a UEFI boots from by HTTP. There GRUB does not know
/// the network, so the initramfs finds the server by DHCP.
std::string grub_http_config(const BootMenu& menu, Arch arch);

}  // namespace lktest
