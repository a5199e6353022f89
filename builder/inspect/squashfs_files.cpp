// SPDX-License-Identifier: MIT
#include <sqfs/compressor.h>

#include <algorithm>
#include <map>

#include "builder/inspect/image_files.hpp"
#include "builder/inspect/squashfs_super.hpp"

namespace lktest {
namespace {

constexpr std::size_t meta_size = 8192, cache_limit = 64;
constexpr std::uint64_t directory_limit = 8 << 20;
constexpr std::uint32_t no_fragment = 0xffffffff, plain = 1 << 24;
constexpr std::size_t name_limit = 256, target_limit = 4096;

struct ReleaseExpander {
    void operator()(sqfs_compressor_t* compressor) const noexcept { sqfs_destroy(compressor); }
};
using Expander = std::unique_ptr<sqfs_compressor_t, ReleaseExpander>;

Expander expander_for(std::uint16_t compressor, std::uint32_t block_size) {
    sqfs_compressor_config_t config;
    sqfs_compressor_t* made = nullptr;
    if (sqfs_compressor_config_init(&config, static_cast<SQFS_COMPRESSOR>(compressor), block_size,
                                    SQFS_COMP_FLAG_UNCOMPRESS) != 0 ||
        sqfs_compressor_create(&config, &made) != 0)
        return nullptr;
    return Expander(made);
}

/// SquashFS 4.0 (Linux, Documentation/filesystems/squashfs.rst and fs/squashfs/squashfs_fs.h).
class SquashfsFiles : public ImageFiles {
public:
    SquashfsFiles(ByteView image, std::string super, Expander expander)
        : image_(std::move(image)), super_(std::move(super)), expander_(std::move(expander)) {}

    std::optional<ImageNode> root() override { return node(le64(super_, 32)); }

    std::optional<std::string> head(const ImageNode& file, std::size_t size) override {
        const std::string inode = metadata(le64(super_, 64), file.reference, 64);
        const bool extended = le16(inode, 0) == 9;
        const std::uint64_t list_at = extended ? 56 : 32, block_size = le32(super_, 12);
        const std::uint32_t fragment = le32(inode, extended ? 44 : 20);
        const std::uint64_t wanted = std::min<std::uint64_t>(size, file.size);
        const std::uint64_t blocks =
            fragment == no_fragment ? (file.size + block_size - 1) / block_size : file.size / block_size;
        const std::uint64_t needed = std::min(blocks, (wanted + block_size - 1) / block_size);
        const std::string list = metadata(le64(super_, 64), file.reference, list_at + needed * 4);
        std::uint64_t at = extended ? le64(inode, 16) : le32(inode, 16);
        std::string bytes;
        for (std::uint64_t i = 0; i < needed && readable_; ++i) {
            const std::uint32_t said = le32(list, list_at + i * 4);
            bytes += data(at, said);
            at += said & (plain - 1);
        }
        if (bytes.size() < wanted && readable_)
            bytes += tail(fragment, le32(inode, extended ? 48 : 24));
        if (!readable_ || bytes.size() < wanted)
            return damaged();
        bytes.resize(wanted);
        return bytes;
    }

private:
    std::nullopt_t damaged() {
        readable_ = false;
        return std::nullopt;
    }

    /// The data at an offset of a fragment, which several files share.
    std::string tail(std::uint32_t fragment, std::uint64_t offset) {
        if (fragment >= le32(super_, 16))
            return {};
        const std::string pointer = image_.read(le64(super_, 80) + fragment / 512 * 8, 8);
        const std::string entry = metadata(0, le64(pointer, 0) << 16 | fragment % 512 * 16, 16);
        const std::string block = data(le64(entry, 0), le32(entry, 8));
        return block.substr(std::min<std::uint64_t>(offset, block.size()));
    }

    std::string unpack(const std::string& packed, std::size_t limit) {
        std::string bytes(limit, '\0');
        const auto* from = reinterpret_cast<const sqfs_u8*>(packed.data());
        auto* to = reinterpret_cast<sqfs_u8*>(bytes.data());
        const sqfs_s32 got = expander_->do_block(expander_.get(), from, static_cast<sqfs_u32>(packed.size()),
                                                 to, static_cast<sqfs_u32>(limit));
        if (got <= 0) {
            readable_ = false;
            return {};
        }
        bytes.resize(std::min<std::size_t>(static_cast<std::size_t>(got), limit));
        return bytes;
    }

    /// @param said  the size in a block list: bit 24 means "not compressed"
    std::string data(std::uint64_t at, std::uint32_t said) {
        const std::uint32_t block_size = le32(super_, 12), size = said & (plain - 1);
        if (size == 0)  // a hole
            return std::string(block_size, '\0');
        if (size > block_size) {
            readable_ = false;
            return {};
        }
        const std::string packed = image_.read(at, size);
        if (packed.size() < size)
            readable_ = false;
        return said & plain || packed.empty() ? packed : unpack(packed, block_size);
    }

    struct Block {
        std::string bytes;
        std::uint64_t next = 0;  ///< where the following block begins
    };

    const Block& block(std::uint64_t at) {
        if (const auto known = blocks_.find(at); known != blocks_.end())
            return known->second;
        if (blocks_.size() >= cache_limit)
            blocks_.clear();
        Block made;
        const std::string header = image_.read(at, 2);
        const std::uint16_t said = le16(header, 0);
        const std::size_t size = (said & 0x7fff) == 0 ? 0x8000 : said & 0x7fff;
        const std::string packed = image_.read(at + 2, std::min(size, meta_size));
        if (header.size() < 2 || packed.size() < size)
            readable_ = false;
        else
            made = {said & 0x8000 ? packed : unpack(packed, meta_size), at + 2 + size};
        return blocks_.emplace(at, std::move(made)).first->second;
    }

    /// At most `size` bytes of the metadata that begins at a reference (block << 16 | offset) of a table.
    std::string metadata(std::uint64_t table, std::uint64_t reference, std::uint64_t size) {
        std::string bytes;
        std::uint64_t at = table + (reference >> 16);
        std::size_t offset = reference & 0xffff;
        while (bytes.size() < size && at != 0) {
            const Block& piece = block(at);
            if (offset >= piece.bytes.size())
                break;
            bytes += piece.bytes.substr(offset, size - bytes.size());
            offset = 0;
            at = piece.next;
        }
        return bytes;
    }

    std::optional<ImageNode> node(std::uint64_t reference) override {
        const std::string inode = metadata(le64(super_, 64), reference, 64);
        if (inode.size() < 24)
            return damaged();
        ImageNode node{le16(inode, 2), 0, {}, reference};
        switch (le16(inode, 0)) {
            case 1:
            case 8: node.mode = static_cast<std::uint16_t>((node.mode & 07777) | 0040000); break;
            case 2:
            case 9:
                node.mode = static_cast<std::uint16_t>((node.mode & 07777) | 0100000);
                node.size = le16(inode, 0) == 9 ? le64(inode, 24) : le32(inode, 28);
                break;
            case 3:
            case 10: {
                node.mode = static_cast<std::uint16_t>((node.mode & 07777) | 0120000);
                const std::uint32_t length = le32(inode, 20);
                if (length == 0 || length > target_limit)
                    return damaged();
                node.target = metadata(le64(super_, 64), reference, 24 + std::uint64_t{length}).substr(24);
                break;
            }
            case 4:
            case 5:
            case 6:
            case 7:
            case 11:
            case 12:
            case 13:
            case 14: break;
            default: return damaged();
        }
        return node;
    }

    void each_entry(const ImageNode& directory, const Visit& visit) override {
        const std::string inode = metadata(le64(super_, 64), directory.reference, 40);
        const bool extended = le16(inode, 0) == 8;
        const std::uint64_t said = extended ? le32(inode, 20) : le16(inode, 24);
        const std::uint64_t start = le32(inode, extended ? 24 : 16), offset = le16(inode, extended ? 34 : 26);
        if (said <= 3)  // "." and "..", which are not in the listing
            return;
        const std::uint64_t size = std::min(said - 3, directory_limit);
        const std::string listing = metadata(le64(super_, 72), start << 16 | offset, size);
        readable_ &= listing.size() == size;
        for (std::size_t at = 0; at + 12 <= listing.size();) {
            const std::uint64_t count = std::uint64_t{le32(listing, at)} + 1, block = le32(listing, at + 4);
            at += 12;
            for (std::uint64_t i = 0; i < count && at + 8 <= listing.size(); ++i) {
                const std::size_t length = le16(listing, at + 6) + std::size_t{1};
                if (length > name_limit || at + 8 + length > listing.size()) {
                    readable_ = false;
                    return;
                }
                const std::string_view name = std::string_view(listing).substr(at + 8, length);
                if (!visit(name, block << 16 | le16(listing, at)))
                    return;
                at += 8 + length;
            }
        }
    }

    ByteView image_;
    std::string super_;
    Expander expander_;
    std::map<std::uint64_t, Block> blocks_;
};

}  // namespace

std::unique_ptr<ImageFiles> open_squashfs(const ByteView& image) {
    const auto super = read_squashfs_super(image);
    if (!super || !super->fault.empty() || super->used > image.size())
        return nullptr;
    std::string bytes = image.read(0, 96);
    Expander expander = expander_for(le16(bytes, 20), super->block_size);
    if (!expander)
        return nullptr;
    return std::make_unique<SquashfsFiles>(image, std::move(bytes), std::move(expander));
}

}  // namespace lktest
