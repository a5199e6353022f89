// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>

#include "builder/base/platform.hpp"

namespace lktest {

/// Makes the image of a multi-boot stick: one FAT32 partition in an MBR, with GRUB and the ISO as
/// a file. Needs no rights.
/// @param loader  what stick_loader() made
/// @param image   the file to write, sparse
/// Throws a usage Error for an ISO that FAT cannot hold, and a host Error.
void make_stick(const std::filesystem::path& iso, const std::filesystem::path& loader, Arch arch,
                const std::filesystem::path& image);

}  // namespace lktest
