// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "builder/inspect/byte_view.hpp"

namespace lktest {

/// What a partition contains, by its first blocks.
struct PartitionContent {
    std::string kind = {};              ///< "ext4", "FAT"; empty if it is not known
    std::string label = {}, uuid = {};  ///< as udev names them; may be empty
    std::uint64_t size = 0;             ///< bytes, by its superblock; 0 if that does not say
    bool container = false;             ///< it holds other file systems: LUKS, LVM, RAID
    bool empty = false;                 ///< its beginning is zero
};

PartitionContent read_file_system(const ByteView& partition);

}  // namespace lktest
