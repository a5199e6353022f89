// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>

#include "builder/base/platform.hpp"

namespace lktest {

/// Creates the image of a multi-boot stick: one FAT32 partition in an MBR, with GRUB and the ISO as a file.
/// Needs no privileges.
/// @param loader  the result of stick_loader()
/// @param image   the file to write, sparse
/// Throws a usage Error for an ISO that FAT cannot hold, and a host Error.
void make_stick(const std::filesystem::path& iso, const std::filesystem::path& loader, Arch arch,
                const std::filesystem::path& image);

}  // namespace lktest
