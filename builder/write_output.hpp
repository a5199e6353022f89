// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <vector>

#include "builder/image/image_file.hpp"
#include "builder/parts.hpp"

namespace lktest {

/// Throws a usage Error for a boot loader that is not available for this build.
void check_loader(const Recipe& recipe, Format format);

/// Adds boot loaders, their menus and the lists of files, and writes the image in the format of the build.
/// @param parts    kernel, initramfs and layers, which every format has
/// @param scratch  a directory for what only the image needs
void write_output(const Build& build, const FileTree& loaders, std::vector<ImageFile> parts,
                  const std::filesystem::path& scratch);

}  // namespace lktest
