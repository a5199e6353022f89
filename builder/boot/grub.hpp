// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "builder/boot/menu.hpp"

namespace lktest {

/// /boot/grub/grub.cfg. Debian's signed gcd*.efi finds its medium by /.disk/info, sets
/// $root and $prefix to it, and reads this file; so kernel paths need no search.
std::string grub_config(const BootMenu& menu, Arch arch);

}  // namespace lktest
