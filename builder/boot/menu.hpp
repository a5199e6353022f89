// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "builder/base/platform.hpp"
#include "builder/recipe.hpp"

namespace lktest {

/// Files that a boot loader loads, by their paths on the ISO.
inline constexpr const char* kernel_path = "/boot/vmlinuz";
inline constexpr const char* initramfs_path = "/boot/initrd.img";
/// The background picture of the menu, if the recipe has one.
inline constexpr const char* splash_path = "/boot/splash.png";
/// The directory whose NN-*.sb files init.sh stacks into the live root.
inline constexpr const char* layers_directory = "/live";

/// The menu that every boot loader of an image shows.
struct BootMenu {
    struct Entry {
        std::string title;
        std::string command_line;  ///< complete, as the kernel gets it
    };
    std::string title;
    unsigned timeout = 3;        ///< seconds until the first entry boots
    std::vector<Entry> entries;  ///< at least one
    bool splash = false;         ///< has the background picture splash_path
};

/// The recipe's menu with complete command lines. Kernel messages go to the display
/// and the serial port; the serial port is named last, which makes it /dev/console.
BootMenu boot_menu(const Recipe& recipe, Arch arch);

/// The menu with one more kernel parameter in each entry, in the boot loader's language.
BootMenu with_parameter(BootMenu menu, const std::string& parameter);

/// The menu as text only, which loads faster over a network.
BootMenu without_splash(BootMenu menu);

}  // namespace lktest
