// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "builder/inspect/initramfs_image.hpp"

namespace lktest {

/// A file that gives a family away: it is there, or it contains a text.
struct FamilyMark {
    std::string_view path;  ///< the end of it is enough if it does not begin with '/'
    std::string_view text;  ///< empty: being there is enough
};

/// How one kind of live system finds its medium and its root, as its initramfs scripts do it.
struct LiveFamily {
    std::string_view name;
    std::span<const FamilyMark> marks;  ///< any of them, in the initramfs
    std::span<const std::string_view>
        asked_by;                          ///< parameters: "boot=live", or "archisobasedir" with any value
    std::string_view scripts;              ///< what an initramfs without it lacks, for messages
    std::string_view maker;                ///< how to get it in there
    std::string_view directory;            ///< where the images lie; "{arch}" is the machine's name
    std::string_view directory_parameter;  ///< that overrides it (or its first part)
    std::span<const std::string_view> images;     ///< names, or "*.squashfs"; any of them is enough
    std::string_view image_parameter;             ///< that names the image
    std::span<const std::string_view> elsewhere;  ///< parameters by which the root comes from another place
};

/// All families that are known.
std::span<const LiveFamily> live_families();

/// Those whose scripts an initramfs has.
std::vector<const LiveFamily*> families_in(const InitramfsImage& initramfs);

/// Those that a command line asks for.
std::vector<const LiveFamily*> families_asked_by(std::string_view command_line);

/// Who made an initramfs: "initramfs-tools", "dracut", "mkinitcpio", "mkinitfs"; empty if that is not known,
/// and then nothing may be concluded from what it lacks.
std::string_view generator_of(const InitramfsImage& initramfs);

}  // namespace lktest
