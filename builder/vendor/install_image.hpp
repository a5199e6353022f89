// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "builder/base/platform.hpp"
#include "builder/inspect/iso_tree.hpp"
#include "builder/tree/file_tree.hpp"

namespace lktest {

/// The SquashFS images on a live or installation ISO whose union is its system, the lowest
/// first: Debian's live/filesystem.squashfs, Ubuntu's casper layers, the Red Hat family's
/// LiveOS/squashfs.img or images/install.img, Arch's airootfs.sfs, modules (*.sb) as linux-live's
/// and lktest's.
/// @param named  paths on the ISO that the user wants instead; empty: none
/// @param name  of the ISO, for messages
/// Throws a usage Error that lists what SquashFS there is when it is not clear which it is.
std::vector<std::string> install_images(const IsoTree& iso, Arch arch, const std::vector<std::string>& named,
                                        const std::string& name);

/// The path of a file with an ext4 file system in it when that, and not the image around it, is the
/// system, as the Red Hat family has it; nothing when the image is the system itself.
/// Throws a usage Error that says how to unpack it when it is another file system.
std::optional<std::string> nested_image(const FileTree& root, const std::string& name);

/// Adds the ISO's kernels to a root that has their modules and not them, as /boot/vmlinuz-RELEASE.
void add_kernels(FileTree& root, const IsoTree& iso);

}  // namespace lktest
