// SPDX-License-Identifier: MIT
#include "builder/inspect/partitions.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>

#include "builder/inspect/path_lookup.hpp"

namespace lktest {
namespace {

constexpr std::uint64_t disk_sector = 512, large_sector = 4096;
constexpr std::uint8_t active_flag = 0x80;
constexpr std::uint64_t legacy_bootable = 4;
constexpr std::uint32_t gpt_header_limit = 512, gpt_entry_limit = 1024, gpt_entry_size_limit = 4096;

struct KnownType {
    std::string_view guid, name;
};
constexpr std::string_view esp_type = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B";
constexpr std::string_view extended_boot_type = "BC13C2FF-59E6-4262-A352-B275FD6F7172";
constexpr std::array known_types{
    KnownType{esp_type, "EFI system"},
    KnownType{extended_boot_type, "extended boot"},
    KnownType{"EBD0A0A2-B9E5-4433-87C0-68B6B72699C7", "basic data"},
    KnownType{"0FC63DAF-8483-4772-8E79-3D69D8477DE4", "Linux"},
    KnownType{"21686148-6449-6E6F-744E-656564454649", "BIOS boot"},
    KnownType{"83BD6B9D-7F41-11DC-BE0B-001560B84F0F", "FreeBSD boot"},
    KnownType{"48465300-0000-11AA-AA11-00306543ECAC", "Apple HFS+"},
};

/// Its first three fields are little-endian (UEFI 2.10, appendix A).
std::string guid_text(std::string_view b) {
    return fmt::format("{:08X}-{:04X}-{:04X}-{:02X}{:02X}-{:02X}{:02X}{:02X}{:02X}{:02X}{:02X}", le32(b, 0),
                       le16(b, 4), le16(b, 6), u8(b, 8), u8(b, 9), u8(b, 10), u8(b, 11), u8(b, 12), u8(b, 13),
                       u8(b, 14), u8(b, 15));
}

std::string type_name(const std::string& guid) {
    const auto known = std::ranges::find(known_types, guid, &KnownType::guid);
    return known == known_types.end() ? guid : std::string(known->name);
}

std::uint32_t crc(std::string_view bytes) {
    return static_cast<std::uint32_t>(
        ::crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
}

bool header_is_whole(std::string header) {
    const std::uint32_t size = le32(header, 12), said = le32(header, 16);
    if (size < 92 || size > header.size())
        return false;
    header.replace(16, 4, 4, '\0');
    return crc(std::string_view(header).substr(0, size)) == said;
}

std::optional<Gpt> read_gpt(const ByteView& disk, std::uint64_t sector) {
    const std::string header = disk.read(sector, gpt_header_limit);
    if (!has_text(header, 0, "EFI PART"))
        return std::nullopt;
    Gpt gpt;
    gpt.header_crc = header_is_whole(header);
    const std::uint64_t last_block = ~std::uint64_t{0} / sector / 2;
    if (le64(header, 32) < last_block)
        gpt.disk_size = (le64(header, 32) + 1) * sector;
    const std::string backup = disk.read(
        le64(header, 32) < disk.size() / sector ? le64(header, 32) * sector : disk.size(), gpt_header_limit);
    gpt.backup = has_text(backup, 0, "EFI PART") && header_is_whole(backup);

    const std::uint64_t sector_limit = ~std::uint64_t{0} / sector / 2;
    gpt.first_usable = std::min(le64(header, 40), sector_limit) * sector;
    gpt.last_usable = (std::min(le64(header, 48), sector_limit) + 1) * sector;
    const std::uint64_t first = le64(header, 72), count = le32(header, 80), size = le32(header, 84);
    if (size < 128 || size > gpt_entry_size_limit || count > gpt_entry_limit || first >= disk.size() / sector)
        return gpt;
    const std::string entries = disk.read(first * sector, count * size);
    gpt.entries_crc = entries.size() == count * size && crc(entries) == le32(header, 88);
    for (std::uint64_t i = 0; i < count; ++i) {
        const std::string_view entry =
            std::string_view(entries).substr(std::min(i * size, entries.size()), size);
        const std::uint64_t start = le64(entry, 32), end = le64(entry, 40);
        if (entry.size() < 128 || entry.substr(0, 16).find_first_not_of('\0') == std::string_view::npos)
            continue;
        const std::uint64_t most = ~std::uint64_t{0} / sector / 2;  // its byte offsets fit into 64 bits
        if (end < start || end > most)
            continue;
        std::u16string name;
        for (std::size_t at = 56; at < 128 && le16(entry, at) != 0; at += 2)
            name.push_back(le16(entry, at));
        const std::string guid = guid_text(entry);
        gpt.partitions.push_back({static_cast<int>(i + 1), type_name(guid), guid == esp_type,
                                  utf8_of_utf16(name), start * sector, (end - start + 1) * sector,
                                  lower_case(guid_text(entry.substr(16))), guid == extended_boot_type,
                                  (le64(entry, 48) & legacy_bootable) != 0});
    }
    return gpt;
}

/// Boot code that looks for the active partition, and starts the boot sector in it.
bool starts_active_partition(std::string_view code) {
    // SYSLINUX's mbr.bin and gptmbr.bin, and those of Windows and fdisk.
    return code.find("Missing operating system") != code.npos || code.find("Missing OS") != code.npos ||
           code.find("Error loading operating system") != code.npos;
}

}  // namespace

std::string name_of(const Partition& partition) {
    return partition.name.empty() ? fmt::format("partition {}", partition.number)
                                  : fmt::format("partition {} ({})", partition.number, partition.name);
}

PartitionTables read_partitions(const ByteView& disk) {
    PartitionTables tables;
    const std::string first = disk.read(0, disk_sector);
    tables.empty = first.find_first_not_of('\0') == std::string::npos;
    tables.boot_signature = le16(first, 510) == 0xaa55;
    if (!tables.boot_signature) {
        tables.gpt = read_gpt(disk, disk_sector);
        return tables;
    }
    tables.boot_code = first.substr(0, 440).find_first_not_of('\0') != std::string::npos;
    tables.starts_active = starts_active_partition(std::string_view(first).substr(0, 440));
    for (int number = 1; number <= 4; ++number) {
        const std::string_view entry = std::string_view(first).substr(446 + (number - 1) * 16U, 16);
        const std::uint8_t type = u8(entry, 4);
        if (type == 0xee && le32(entry, 8) == 1)
            tables.protective = true;
        if (type == 0 || type == 0xee)  // empty, or "a GPT follows"
            continue;
        tables.mbr.push_back({number,
                              type == 0xef ? "EFI system" : fmt::format("type {:#04x}", type),
                              type == 0xef,
                              {},
                              le32(entry, 8) * disk_sector,
                              le32(entry, 12) * disk_sector,
                              fmt::format("{:08x}-{:02x}", le32(first, 440), number),
                              false,
                              u8(entry, 0) == active_flag,
                              type});
    }
    // The table of a disk with larger sectors is at its own second sector.
    for (const std::uint64_t sector : {disk_sector, large_sector})
        if (!tables.gpt && (sector == disk_sector || tables.protective))
            if ((tables.gpt = read_gpt(disk, sector)))
                tables.sector = sector;
    if (const std::uint64_t sectors = disk.size() / disk_sector; !tables.gpt && tables.protective)
        tables.backup_only = sectors > 1 &&
                             header_is_whole(disk.read((sectors - 1) * disk_sector, gpt_header_limit)) &&
                             has_text(disk.read((sectors - 1) * disk_sector, 8), 0, "EFI PART");
    return tables;
}

}  // namespace lktest
