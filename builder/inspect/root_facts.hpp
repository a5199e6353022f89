// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "builder/inspect/elf.hpp"
#include "builder/inspect/iso_tree.hpp"

namespace lktest {

/// The root of a live system: the images of one directory, stacked.
struct RootFacts {
    std::vector<std::string> images;  ///< paths on the medium
    std::string nested;  ///< the directory that holds the root, where it is not at the top; empty if it is
    bool looks_like_root = false;  ///< it has the directories of a root file system
    bool readable = false;         ///< no lookup met damaged or unknown data
    std::string init;              ///< the init program, with links resolved; empty if it is missing
    std::string interpreter;       ///< init's interpreter; may be empty
    bool interpreter_there = true;
    std::optional<ElfMachine> machine;  ///< of init, or of its interpreter
    std::vector<std::string> releases;  ///< directories of /lib/modules that hold modules
    /// By kernel release: /boot/config-RELEASE, or /usr/lib/modules/RELEASE/config.
    std::vector<std::pair<std::string, std::string>> configs;
};

/// Reads the SquashFS and EROFS images on a medium. Images below /boot, /install and /images belong to
/// installers and are not roots.
std::vector<RootFacts> read_roots(const IsoTree& tree, const std::vector<std::string>& images);

}  // namespace lktest
