// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>

#include "builder/base/platform.hpp"
#include "builder/base/progress.hpp"

namespace lktest {

/// The name of the ISO file on a multi-boot stick.
inline constexpr const char* stick_iso = "/medium.iso";

/// GRUB as on a multi-boot stick: it loop-mounts the ISO `stick_iso` and shows the menu in its
/// /boot/grub/loopback.cfg. Made with grub-mkimage from Debian's modules; unsigned.
/// @return a directory in `cache` with "efi", the program for /EFI/BOOT, and for x86_64
///         "mbr" and "core": the first sector's code, and the code from the second sector on
/// Throws a host Error if grub-mkimage is missing or the packages are not available.
std::filesystem::path stick_loader(Arch arch, const std::filesystem::path& cache, const Progress& progress,
                                   const Why& why);

}  // namespace lktest
