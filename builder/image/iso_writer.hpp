// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "builder/base/progress.hpp"
#include "builder/image/image_file.hpp"
#include "builder/image/layout.hpp"

namespace lktest {

/// Writes an ISO 9660 image with Rock Ridge and Joliet, El Torito and a GPT. The files'
/// order is their order on the medium: those that boot first should come first.
/// The same arguments give the same bytes.
/// @param esp  the image of the EFI system partition
/// @param mbr  the code of the first sector (isohdpfx.bin); required if layout.bios is set
/// @param iso  the file to write; incomplete if this throws
/// Throws a host Error.
void write_iso(const std::filesystem::path& iso, const Volume& volume, const Layout& layout,
               std::span<const ImageFile> files, const std::filesystem::path& esp, const std::string& mbr,
               const Progress& progress);

}  // namespace lktest
