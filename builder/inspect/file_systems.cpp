// SPDX-License-Identifier: MIT
// Superblocks as in util-linux's libblkid: magic, label, UUID and size.
#include "builder/inspect/file_systems.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "builder/inspect/fat.hpp"
#include "builder/inspect/iso_tree.hpp"
#include "builder/inspect/path_lookup.hpp"

namespace lktest {
namespace {

std::string text_at(std::string_view bytes, std::size_t at, std::size_t size) {
    const std::string_view field = bytes.substr(std::min(at, bytes.size()), size);
    return std::string(field.substr(0, std::min(field.find('\0'), field.size())));
}

/// 16 bytes in the order of the text, as most file systems keep it.
std::string uuid_at(std::string_view bytes, std::size_t at) {
    std::string text;
    for (std::size_t i = 0; i < 16; ++i)
        text += fmt::format("{}{:02x}", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", u8(bytes, at + i));
    return text;
}

std::uint64_t be(std::string_view bytes, std::size_t at, std::size_t size) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < size; ++i)
        value = value << 8 | u8(bytes, at + i);
    return value;
}

std::uint64_t shifted(std::uint64_t count, unsigned bits) {
    return bits < 32 && count < std::uint64_t{1} << 31 ? count << bits : 0;
}

std::optional<PartitionContent> ext(std::string_view super) {
    if (le16(super, 0x38) != 0xef53)
        return std::nullopt;
    constexpr std::uint32_t journal = 4, extents = 0x40;
    const std::uint32_t compatible = le32(super, 0x5c), incompatible = le32(super, 0x60);
    const char* const kind = incompatible & extents ? "ext4" : compatible & journal ? "ext3" : "ext2";
    return PartitionContent{kind, text_at(super, 0x78, 16), uuid_at(super, 0x68),
                            shifted(le32(super, 4), le32(super, 0x18) + 10)};
}

std::optional<PartitionContent> by_first_sector(std::string_view head) {
    if (head.starts_with("XFSB"))
        return PartitionContent{"XFS", text_at(head, 108, 12), uuid_at(head, 32)};
    if (head.starts_with(std::string_view("LUKS\xba\xbe", 6)))
        return PartitionContent{.kind = "LUKS", .uuid = text_at(head, 168, 40), .container = true};
    if (head.starts_with("hsqs"))
        return PartitionContent{.kind = "SquashFS", .size = le64(head, 40)};
    if (has_text(head, 3, "EXFAT   "))
        return PartitionContent{.kind = "exFAT"};
    if (has_text(head, 3, "NTFS    "))
        return PartitionContent{.kind = "NTFS"};
    if (has_text(head, 0, "verity"))
        return PartitionContent{.kind = "dm-verity hash tree"};
    if (has_text(head, 512, "LABELONE"))
        return PartitionContent{.kind = "LVM", .container = true};
    return std::nullopt;
}

}  // namespace

PartitionContent read_file_system(const ByteView& partition) {
    constexpr std::size_t head_size = 72 << 10, super_at = 1024, btrfs_at = 64 << 10, page = 4096;
    const std::string head = partition.read(0, head_size);
    if (auto known = by_first_sector(head))
        return *known;
    const std::string_view super = std::string_view(head).substr(std::min(super_at, head.size()));
    if (auto known = ext(super))
        return *known;
    if (le32(super, 0) == 0xe0f5e1e2)  // EROFS
        return {"EROFS", text_at(super, 64, 16), uuid_at(super, 48), shifted(le32(super, 36), u8(super, 12))};
    if (le32(super, 0) == 0xf2f52010)  // its label is UTF-16
        return {.kind = "F2FS", .uuid = uuid_at(super, 108)};
    if (has_text(head, btrfs_at + 64, "_BHRfS_M"))
        return {"Btrfs", text_at(head, btrfs_at + 0x12b, 256), uuid_at(head, btrfs_at + 0x20)};
    if (has_text(head, page - 10, "SWAPSPACE2") || has_text(head, page - 10, "SWAP-SPACE"))
        return {.kind = "swap", .label = text_at(head, 1052, 16), .uuid = uuid_at(head, 1036)};
    if (le32(head, page) == 0xa92b4efc)
        return {.kind = "RAID", .container = true};
    if (has_text(head, 0, std::string_view("\xd0\x0d\xfe\xed", 4)))
        return {.kind = "FIT image"};
    if (be(head, page, 8) == 0xc68573f64e1a45caULL)
        return {.kind = "bcachefs", .container = true};
    if (const auto volume = read_iso_volume(partition))
        return {"ISO 9660", volume->label, volume->uuid, volume->size};
    if (const auto fat = read_fat(partition))
        return {"FAT", fat->label, fat->uuid, fat->size};
    return {.empty = head.find_first_not_of('\0') == std::string::npos};
}

}  // namespace lktest
