// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "builder/inspect/byte_view.hpp"
#include "builder/inspect/path_lookup.hpp"

namespace lktest {

/// The files of a FAT file system without a partition table, such as an EFI system partition.
struct FatVolume {
    int bits = 0;          ///< 12, 16 or 32
    std::string label;     ///< of the root directory, or of the boot sector; may be empty
    std::string uuid;      ///< the serial number as Linux and GRUB write it: "1A2B-3C4D"
    bool says_32 = false;  ///< its boot sector has FAT32's layout, whatever its number of clusters
    std::uint64_t clusters = 0;
    std::uint64_t size = 0;      ///< its size in bytes, by the boot sector
    std::uint64_t sector = 512;  ///< bytes
    bool syslinux = false;       ///< its boot sector is SYSLINUX's
    bool damaged = false;        ///< a cluster chain does not end properly, or the limits were exceeded
    std::map<std::string, ByteView, LessAnyCase> files;  ///< by path: "/EFI/BOOT/BOOTX64.EFI"
};

/// Unset if the bytes do not begin with a FAT boot sector (Microsoft FAT specification 1.03).
/// Reads at most 20 000 entries and a FAT of 32 MiB.
std::optional<FatVolume> read_fat(const ByteView& bytes);

}  // namespace lktest
