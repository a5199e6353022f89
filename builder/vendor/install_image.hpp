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
/// LiveOS/squashfs.img or images/install.img, Arch's airootfs.sfs, or the modules (*.sb) of linux-live and
/// lktest.
/// @param named  paths on the ISO that the user chose instead; may be empty
/// @param name  of the ISO, for messages
/// Throws a usage Error that lists the SquashFS images if the choice is ambiguous.
std::vector<std::string> install_images(const IsoTree& iso, Arch arch, const std::vector<std::string>& named,
                                        const std::string& name);

/// The path of an ext4 image inside the SquashFS, if that is the system, as in the Red Hat family. Unset if
/// the SquashFS itself is the system. Throws a usage Error that says how to unpack it if it is another file
/// system.
std::optional<std::string> nested_image(const FileTree& root, const std::string& name);

/// Adds the ISO's kernels as /boot/vmlinuz-RELEASE to a root that has only their modules.
void add_kernels(FileTree& root, const IsoTree& iso);

}  // namespace lktest
