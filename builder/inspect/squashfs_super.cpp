// SPDX-License-Identifier: MIT
#include "builder/inspect/squashfs_super.hpp"

#include <fmt/format.h>

#include <array>
#include <bit>

namespace lktest {
namespace {

constexpr std::size_t super_size = 96;
constexpr std::array<std::string_view, 7> compressors{"", "gzip", "lzma", "lzo", "xz", "lz4", "zstd"};

std::string fault(std::string_view super, const SquashfsSuper& facts) {
    if (super.size() < super_size)
        return "the superblock is cut off";
    if (le16(super, 28) != 4 || le16(super, 30) != 0)
        return fmt::format("its version is {}.{}, not 4.0", le16(super, 28), le16(super, 30));
    if (!std::has_single_bit(facts.block_size) || facts.block_size < 4096 || facts.block_size > 1 << 20)
        return fmt::format("its block size is {}", facts.block_size);
    if ((1ULL << (le16(super, 22) & 63)) != facts.block_size)
        return "its block size and block_log disagree";
    if (facts.compressor.empty())
        return fmt::format("it has the unknown compressor {}", le16(super, 20));
    // The tables' offsets; the xattr, export and fragment tables may be absent (all bits set).
    for (const std::size_t at : {48, 56, 64, 72, 80, 88}) {
        const std::uint64_t table = le64(super, at);
        if (table >= facts.used && table != ~std::uint64_t{0})
            return fmt::format("it has a table at {} of {} bytes", table, facts.used);
    }
    if (facts.inodes == 0)
        return "it has no inodes";
    return {};
}

/// Linux reads these tables when it mounts the image. That of owners names blocks that lie before it.
bool has_tables(const ByteView& file, std::string_view super) {
    const std::uint64_t table = le64(super, 48), first = le64(file.read(table, 8), 0);
    if (le16(super, 26) == 0)
        return true;
    // Each block of inodes and directories begins with its size, which is not 0.
    const bool blocks =
        le16(file.read(le64(super, 64), 2), 0) != 0 && le16(file.read(le64(super, 72), 2), 0) != 0;
    return blocks && first >= super_size && first < table;
}

}  // namespace

std::optional<SquashfsSuper> read_squashfs_super(const ByteView& file) {
    const std::string super = file.read(0, super_size);
    if (!super.starts_with("hsqs"))
        return std::nullopt;
    SquashfsSuper facts;
    const std::size_t compressor = le16(super, 20);
    facts.compressor = compressor < compressors.size() ? compressors[compressor] : "";
    facts.block_size = le32(super, 12);
    facts.inodes = le32(super, 4);
    facts.made = le32(super, 8);
    facts.used = le64(super, 40);
    facts.fault = fault(super, facts);
    if (facts.fault.empty() && facts.used <= file.size() && !has_tables(file, super))
        facts.fault = "its tables are overwritten (\"unable to read id index table\")";
    return facts;
}

}  // namespace lktest
