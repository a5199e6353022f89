// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "builder/base/progress.hpp"

namespace lktest {

/// Unpacks an untrusted SquashFS 4.0 image below a directory that is new or empty.
/// Keeps hard links, times, sparse files and extended attributes. Only root can keep owners, devices and the
/// attributes trusted.* and security.*. Never touches anything outside the directory, whatever names and
/// links the image has.
/// @return the files and attributes that this user could not create, one sentence each
/// Throws a usage Error if the image is damaged, hostile or not a SquashFS, and a host Error if
/// the disk is full. Files unpacked until then stay.
std::vector<std::string> unpack_squashfs(const std::filesystem::path& image,
                                         const std::filesystem::path& directory, const Progress& progress);

}  // namespace lktest
