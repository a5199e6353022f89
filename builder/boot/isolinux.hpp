// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "builder/boot/menu.hpp"

namespace lktest {

/// ISOLINUX on the ISO.
inline constexpr const char* isolinux_path = "/isolinux/isolinux.bin";

/// The modules that isolinux.bin loads for the menu: menu.c32 and its dependencies.
inline constexpr std::array<std::string_view, 4> isolinux_modules{"ldlinux.c32", "libcom32.c32",
                                                                  "libutil.c32", "menu.c32"};
/// Replaces menu.c32 if the menu has a background picture.
inline constexpr std::string_view picture_module = "vesamenu.c32";

/// /isolinux/isolinux.cfg: the same menu as GRUB's, on the display and the first serial port.
std::string isolinux_config(const BootMenu& menu);

/// /pxelinux.cfg/default: the same menu from a boot server. PXELINUX passes on the address
/// and the server from DHCP (SYSAPPEND 1), and the card that it used (2).
std::string pxelinux_config(const BootMenu& menu);

}  // namespace lktest
