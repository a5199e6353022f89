// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "builder/inspect/byte_view.hpp"

namespace lktest {

struct Partition {
    int number = 0;
    std::string type;  ///< "EFI system", "basic data", or the GUID or number as text
    bool esp = false;
    std::string name;                    ///< of GPT
    std::uint64_t offset = 0, size = 0;  ///< bytes
    std::string uuid = {};               ///< PARTUUID=, in lower case: a GUID, or "4e639091-02" of an MBR
    bool extended_boot = false;          ///< XBOOTLDR, where systemd-boot looks for entries too
    bool active = false;                 ///< a BIOS may boot it: an MBR's flag, or a GPT's attribute 2
    std::uint8_t mbr_type = 0;           ///< 0 in a GPT
};

/// A GUID partition table (UEFI 2.10, 5.3), its first copy.
struct Gpt {
    std::uint64_t disk_size =
        0;  ///< the disk's size in bytes, by the position of the second copy; 0 if unknown
    bool header_crc = false, entries_crc = false;     ///< whether the checksums are right
    bool backup = false;                              ///< a second header is where the first one says
    std::uint64_t first_usable = 0, last_usable = 0;  ///< bytes; the last one is the end of its sector
    std::vector<Partition> partitions;
};

/// The medium's partitioning, as a disk.
struct PartitionTables {
    bool empty = false;           ///< the first sector is zero
    bool boot_signature = false;  ///< 55 AA at the end of the first sector
    bool boot_code = false;       ///< it has boot code for a BIOS
    bool protective = false;      ///< the MBR says that a GPT follows, so firmware uses the GPT
    bool starts_active = false;   ///< its boot code starts the active partition and nothing else
    std::uint64_t sector = 512;   ///< bytes in the sectors that the GPT counts
    bool backup_only = false;     ///< the first copy of the GPT is damaged, and the one at the end is not
    std::vector<Partition> mbr;   ///< without the protective entry (0xEE)
    std::optional<Gpt> gpt;
};

/// "partition 2 (root)".
std::string name_of(const Partition& partition);

PartitionTables read_partitions(const ByteView& disk);

}  // namespace lktest
