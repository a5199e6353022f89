// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "builder/initramfs/elf.hpp"
#include "builder/inspect/iso_tree.hpp"

namespace lktest {

/// The root of a live system: the images of one directory, stacked.
struct RootFacts {
    std::vector<std::string> images;  ///< paths on the medium
    bool looks_like_root = false;     ///< it has directories that a root file system has
    bool readable = false;            ///< nothing that was looked up turned out to be damaged or unknown
    std::string init;                 ///< the init program, with links resolved; empty if there is none
    std::string interpreter;          ///< that init needs; empty if it needs none
    bool interpreter_there = true;
    std::optional<ElfMachine> machine;  ///< of init, or of its interpreter
    std::vector<std::string> releases;  ///< directories of /lib/modules that hold modules
    /// By kernel release: /boot/config-RELEASE, or /usr/lib/modules/RELEASE/config.
    std::vector<std::pair<std::string, std::string>> configs;
};

/// Looks into the SquashFS and EROFS images on a medium. Images below /boot, /install and /images belong to
/// installers and are not roots.
std::vector<RootFacts> read_roots(const IsoTree& tree, const std::vector<std::string>& images);

}  // namespace lktest
