// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace lktest {

/// Whether the line is UEFI's word that a boot loader which it had started has ended.
bool is_return_of_loader(std::string_view line);

/// Whether the line says that UEFI starts its setup. Without a key it does so only if a boot loader had asked
/// for it before a reset: systemd-boot whose menu has no other entry.
bool is_start_of_setup(std::string_view line);

}  // namespace lktest
