// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace lktest {

/// Whether the line is UEFI's message that a boot loader it started has ended.
bool is_return_of_loader(std::string_view line);

/// Whether the line says that UEFI starts its setup. Unless a key was pressed, a boot loader requested that
/// before a reset: systemd-boot with a menu that has no other entry.
bool is_start_of_setup(std::string_view line);

}  // namespace lktest
