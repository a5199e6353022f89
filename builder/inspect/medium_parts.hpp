// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "builder/inspect/iso_tree.hpp"
#include "builder/inspect/medium_facts.hpp"
#include "builder/inspect/volumes.hpp"

namespace lktest {

// Facts about parts of a medium that do not depend on how it boots.

/// Counts the files, and adds layers, EROFS images, kernel configurations, and files that are cut or large.
void add_files(const IsoTree& tree, MediumFacts& facts);

/// Adds the EROFS and SquashFS images that fill a partition.
void add_partition_images(const ByteView& medium, MediumFacts& facts);

/// Hash trees are partitions of a disk, files beside the root's image, or appended to that image.
/// @param data_limit  bytes of data that are compared with the trees
void add_verity(const ByteView& medium, const IsoTree& tree, std::uint64_t data_limit, MediumFacts& facts);

/// Adds each unified kernel image as a configuration with an entry for each profile.
/// @param sections  receives the contents of the entries' files, by their names in the entries
void add_ukis(const Volumes& volumes, MediumFacts& facts, std::map<std::string, ByteView>& sections);

/// @param volume  that of the tree is Volumes::iso
EfiProgram efi_program(std::size_t volume, const std::string& path, const ByteView& content);

}  // namespace lktest
