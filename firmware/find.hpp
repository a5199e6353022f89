// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <vector>

#include "firmware/choose.hpp"

namespace lktest {

/// The directories of descriptors, the most important first: the user's ($XDG_CONFIG_HOME/qemu/firmware), the
/// administrator's, the packages'.
std::vector<std::filesystem::path> firmware_directories();

/// Firmware that was unpacked into a directory: a package's tree, with descriptors in usr/share/qemu/firmware
/// and images that it names from the tree's root, or a directory of descriptors. Throws a usage Error if it
/// has no descriptor whose images exist.
FirmwareCatalogue find_unpacked_firmware(const std::filesystem::path& directory);

/// Reads every descriptor of these directories, in the order that QEMU's firmware.json prescribes: by file
/// name. If names are equal, the one in the more important directory counts and hides the others, even if it
/// is empty. Descriptors that are broken, or whose images do not exist, become warnings.
FirmwareCatalogue find_firmware(
    const std::vector<std::filesystem::path>& directories = firmware_directories());

}  // namespace lktest
