// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "builder/base/progress.hpp"

namespace lktest {

/// Unpacks a SquashFS 4.0 image, whoever made it, below a directory that is new or empty.
/// Hard links, times, sparse files and extended attributes are kept; owners, devices and the
/// attributes trusted.* and security.* by root only. Whatever names and links the image has,
/// nothing outside the directory is touched.
/// @return what could not be made by this user, one sentence each
/// Throws a usage Error for what is no SquashFS, damaged or hostile, and a host Error when
/// the disk is full. Files unpacked until then stay.
std::vector<std::string> unpack_squashfs(const std::filesystem::path& image,
                                         const std::filesystem::path& directory, const Progress& progress);

}  // namespace lktest
