// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "builder/inspect/initramfs_image.hpp"

namespace lktest {

/// A file that identifies a family by its presence or by a text in it.
struct FamilyMark {
    std::string_view path;  ///< the end of it is enough if it does not begin with '/'
    std::string_view text;  ///< if empty, the file's presence is enough
};

/// How the initramfs scripts of one kind of live system find its medium and its root.
struct LiveFamily {
    std::string_view name;
    std::span<const FamilyMark> marks;  ///< any of them, in the initramfs
    std::span<const std::string_view>
        asked_by;                          ///< parameters: "boot=live", or "archisobasedir" with any value
    std::string_view scripts;              ///< the missing part of an initramfs without it, for messages
    std::string_view maker;                ///< how to add it
    std::string_view directory;            ///< the directory of the images; "{arch}" is the machine's name
    std::string_view directory_parameter;  ///< that overrides it (or its first part)
    std::span<const std::string_view> images;     ///< names, or "*.squashfs"; any of them is enough
    std::string_view image_parameter;             ///< that names the image
    std::span<const std::string_view> elsewhere;  ///< parameters by which the root comes from another place
};

/// All known families.
std::span<const LiveFamily> live_families();

/// The families whose scripts an initramfs has.
std::vector<const LiveFamily*> families_in(const InitramfsImage& initramfs);

/// The families that a command line selects.
std::vector<const LiveFamily*> families_asked_by(std::string_view command_line);

/// The generator of an initramfs: "initramfs-tools", "dracut", "mkinitcpio", "mkinitfs". Empty if unknown;
/// then a missing file does not prove anything.
std::string_view generator_of(const InitramfsImage& initramfs);

}  // namespace lktest
