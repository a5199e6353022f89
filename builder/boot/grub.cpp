// SPDX-License-Identifier: MIT
#include "builder/boot/grub.hpp"

#include <fmt/format.h>

namespace lktest {
namespace {

std::string entries(const BootMenu& menu) {
    std::string text;
    for (const BootMenu::Entry& entry : menu.entries)
        text += fmt::format(R"(
menuentry '{0}' {{
    echo 'Loading {0} ...'
    linux {1} {2}
    initrd {3}
}}
)",
                            entry.title, kernel_path, entry.command_line, initramfs_path);
    return text;
}

}  // namespace

std::string grub_config(const BootMenu& menu, Arch arch) {
    std::string text = "# Written by lktest.\n";
    // On a PC GRUB drives the UART itself if the firmware does not redirect its console to it.
    // Other machines do not have this port, and the firmware's console is on both.
    if (arch == Arch::x86_64)
        text += R"(serial --unit=0 --speed=115200
terminal_input console serial
terminal_output console serial
)";
    // Elsewhere a picture would replace the firmware's console, and with it the serial port. Without a
    // font, which a GRUB made here lacks, the menu stays text.
    if (menu.splash && arch == Arch::x86_64)
        text += fmt::format(R"(if loadfont unicode; then
    set gfxmode=640x480
    terminal_output gfxterm serial
    background_image -m stretch {}
fi
)",
                            splash_path);
    text += fmt::format(R"(set default=0
set timeout={}
set menu_color_normal=light-gray/black
set menu_color_highlight=black/light-gray
)",
                        menu.timeout);
    return text + entries(menu);
}

std::string grub_vendor_config(const BootMenu& menu, Arch arch, const std::string& label) {
    return fmt::format("search --no-floppy --set=root --label {}\n", label) + grub_config(menu, arch);
}

std::string grub_loopback_config(const BootMenu& menu) {
    // GRUB's tpm module would measure the whole kernel, and some firmware lacks the memory.
    return fmt::format(
               "# Written by lktest.\nset default=0\nset timeout={}\n"
               "if [ \"$grub_platform\" = efi ]; then rmmod tpm; fi\n",
               menu.timeout) +
           entries(with_parameter(menu, "from=$iso_path"));
}

std::string grub_network_config(const BootMenu& menu, Arch arch) {
    return grub_config(without_splash(with_parameter(menu, "from=http://$net_default_server/")), arch);
}

std::string grub_http_config(const BootMenu& menu, Arch arch) {
    return grub_config(without_splash(with_parameter(menu, "from=http:///")), arch);
}

}  // namespace lktest
