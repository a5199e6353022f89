// SPDX-License-Identifier: MIT
#include "builder/boot/isolinux.hpp"

#include <fmt/format.h>

namespace lktest {

std::string isolinux_config(const BootMenu& menu) {
    // SERIAL must come first; TIMEOUT counts tenths of a second.
    std::string text = fmt::format(R"(SERIAL 0 115200
# Written by lktest.
UI {}
PROMPT 0
TIMEOUT {}
MENU TITLE {}
)",
                                   menu.splash ? "vesamenu.c32" : "menu.c32", menu.timeout * 10, menu.title);
    if (menu.splash)
        text += fmt::format("MENU BACKGROUND {}\n", splash_path);
    for (std::size_t number = 0; number < menu.entries.size(); ++number) {
        const BootMenu::Entry& entry = menu.entries[number];
        text += fmt::format(R"(
LABEL entry{}
  MENU LABEL {}{}
  LINUX {}
  INITRD {}
  APPEND {}
)",
                            number, entry.title, number == 0 ? "\n  MENU DEFAULT" : "", kernel_path,
                            initramfs_path, entry.command_line);
    }
    return text;
}

std::string pxelinux_config(const BootMenu& menu) {
    return isolinux_config(without_splash(with_parameter(menu, "from=http:///\n  SYSAPPEND 3")));
}

}  // namespace lktest
