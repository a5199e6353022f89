// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

#include "builder/image/image_file.hpp"

namespace lktest {

/// Writes an EFI system partition image (FAT16 without a partition table) that holds
/// the files. Needs mkfs.vfat and mtools, but not root. The same files and time give
/// the same bytes.
/// @param image  the file to write; it must not exist
/// @param mtime  of everything in it, seconds since 1970
void write_esp(const std::filesystem::path& image, std::span<const ImageFile> files, std::int64_t mtime);

}  // namespace lktest
