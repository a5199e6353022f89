// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "builder/inspect/medium_facts.hpp"

namespace lktest {

/// A kernel and its initramfs, as one menu entry starts them. Pointers lead into the facts.
struct BootPath {
    std::string title, place;  ///< "Live", "/boot/grub/grub.cfg:5"
    const EntryFacts* entry = nullptr;
    const KernelFacts* kernel = nullptr;        ///< unset if it is not on the medium, or not a kernel
    const InitramfsFacts* initramfs = nullptr;  ///< unset if it is missing or was not read
};

/// Every entry that loads a kernel, except memory tests and the like.
std::vector<BootPath> boot_paths(const MediumFacts& facts);

/// "The entry 'Live' (/boot/grub/grub.cfg:5)".
std::string describe(const BootPath& path);

/// "/live/initrd.img", or several joined with " + ".
std::string path_of(const InitramfsFacts& initramfs);

/// Whether the command line has a parameter, with or without a value.
bool has_parameter(std::string_view command_line, std::string_view name);

}  // namespace lktest
