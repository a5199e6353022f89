// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "builder/inspect/byte_view.hpp"
#include "builder/inspect/elf.hpp"

namespace lktest {

/// The root of a live system: the images of one directory, stacked.
struct RootFacts {
    std::vector<std::string> images;  ///< paths on the medium
    std::string nested;  ///< the directory that holds the root, where it is not at the top; empty if it is
    bool looks_like_root = false;  ///< it has the directories of a root file system
    bool readable = false;         ///< no lookup met damaged or unknown data
    bool nix_store = false;        ///< it is NixOS' /nix/store alone
    std::string init;              ///< the init program, with links resolved; empty if it is missing
    std::string interpreter;       ///< init's interpreter; may be empty
    bool interpreter_there = true;
    std::optional<ElfMachine> machine;  ///< of init, or of its interpreter
    std::vector<std::string> absent;    ///< programs that it was asked for and does not have
    std::vector<std::string> releases;  ///< directories of /lib/modules that hold modules
    /// By kernel release: /boot/config-RELEASE, or /usr/lib/modules/RELEASE/config.
    std::vector<std::pair<std::string, std::string>> configs;
};

/// A SquashFS or EROFS image: a file, or a partition by its name.
struct RootImage {
    std::string path;
    ByteView content;
};

/// Reads the images on a medium. Those below /boot, /install and /images belong to installers and are not
/// roots.
/// @param programs  absolute paths, for RootFacts::absent
std::vector<RootFacts> read_roots(const std::vector<RootImage>& images,
                                  const std::vector<std::string>& programs = {});

}  // namespace lktest
