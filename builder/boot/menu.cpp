// SPDX-License-Identifier: MIT
#include "builder/boot/menu.hpp"

#include <fmt/format.h>

namespace lktest {

BootMenu boot_menu(const Recipe& recipe, Arch arch) {
    BootMenu menu{recipe.about, recipe.menu_timeout, {}, !recipe.splash.empty()};
    for (const MenuEntry& entry : recipe.menu) {
        std::string line = "lktest.label=" + recipe.volume_label;
        for (const std::string& part : {recipe.command_line, entry.append})
            if (!part.empty())
                line += " " + part;
        menu.entries.push_back(
            {entry.title, fmt::format("{} console=tty0 console={},115200", line, serial_console(arch))});
    }
    return menu;
}

BootMenu with_parameter(BootMenu menu, const std::string& parameter) {
    for (BootMenu::Entry& entry : menu.entries)
        entry.command_line += " " + parameter;
    return menu;
}

BootMenu without_splash(BootMenu menu) {
    menu.splash = false;
    return menu;
}

}  // namespace lktest
