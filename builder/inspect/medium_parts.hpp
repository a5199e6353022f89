// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "builder/inspect/iso_tree.hpp"
#include "builder/inspect/medium_facts.hpp"

namespace lktest {

// Facts about parts of a medium that do not depend on how it boots.

/// Counts the files, and adds layers, EROFS images, kernel configurations, and files that are cut or large.
void add_files(const IsoTree& tree, MediumFacts& facts);

/// Hash trees are partitions of a disk, or files beside the root's image.
void add_verity(const ByteView& medium, const IsoTree& tree, MediumFacts& facts);

/// @param volume  that of the tree is Volumes::iso
EfiProgram efi_program(std::size_t volume, const std::string& path, const ByteView& content);

}  // namespace lktest
