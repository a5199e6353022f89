// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "builder/base/platform.hpp"

namespace lktest {

/// A GUID in the byte order of a GPT entry (UEFI 2.10, appendix A).
using Guid = std::array<std::uint8_t, 16>;

/// EFI system partition: C12A7328-F81F-11D2-BA4B-00A0C93EC93B (UEFI 2.10, 13.3.3).
inline constexpr Guid esp_guid{0x28, 0x73, 0x2a, 0xc1, 0x1f, 0xf8, 0xd2, 0x11,
                               0xba, 0x4b, 0x00, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b};
/// Basic data: EBD0A0A2-B9E5-4433-87C0-68B6B72699C7. No system mounts it automatically as Linux data.
inline constexpr Guid basic_data_guid{0xa2, 0xa0, 0xd0, 0xeb, 0xe5, 0xb9, 0x33, 0x44,
                                      0x87, 0xc0, 0x68, 0xb6, 0xb7, 0x26, 0x99, 0xc7};

/// The partition table of the image as a disk: a GPT with a protective MBR, or only an MBR, for old BIOSes
/// that refuse to boot from a disk with a GPT.
enum class PartitionTable { gpt, mbr };
constexpr std::string_view name(PartitionTable table) {
    return table == PartitionTable::gpt ? "gpt" : "mbr";
}

/// How a BIOS starts the image: a loader named by El Torito on a CD, and code in the
/// first sector that jumps to the same loader on a disk (isohybrid).
struct BiosBoot {
    std::string loader;          ///< on the ISO; gets a boot info table
    std::uint16_t load_sectors;  ///< of 512 bytes
};

/// The boot entries and partitions. The first partition is the ISO file system from `first_block` on, so that
/// a GPT fits before it. The second is the ESP appended after it, which the UEFI entry of El Torito points
/// at.
struct Layout {
    PartitionTable table = PartitionTable::gpt;
    std::string catalogue;           ///< the El Torito boot catalogue, a file on the ISO
    std::optional<BiosBoot> bios;    ///< the first El Torito entry, if set
    std::uint32_t first_block = 16;  ///< start of partition 1, in blocks of 2048 bytes
    int esp_partition = 2;
    Guid esp_type = esp_guid, iso_type = basic_data_guid;
};

/// x86_64: BIOS and UEFI, as CD and as disk. aarch64: UEFI, as CD and as disk.
Layout layout(Arch arch, PartitionTable table = PartitionTable::gpt);

/// Contents of the volume descriptors.
struct Volume {
    std::string label;
    std::string application;  ///< "LKTEST 0.1.0"
    std::int64_t time = 0;    ///< of everything in the image, seconds since 1970
};

/// "YYYYMMDDhhmmss00" in UTC: the volume's identity, from which libisofs derives GPT's GUIDs.
std::string volume_uuid(std::int64_t time);

}  // namespace lktest
