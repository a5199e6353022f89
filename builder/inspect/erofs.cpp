// SPDX-License-Identifier: MIT
#include "builder/inspect/erofs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "builder/inspect/image_files.hpp"

namespace lktest {
namespace {

constexpr std::uint64_t super_at = 1024;
constexpr std::size_t super_size = 128, inode_slot = 32;
constexpr std::string_view magic{"\xe2\xe1\xf5\xe0", 4};
constexpr std::uint32_t has_checksum = 1, has_algorithm_list = 2, wide_addresses = 0x80;

struct Feature {
    std::uint32_t bit;
    std::string_view what, kernel;
};
constexpr std::array features{
    Feature{0x1, "lz4 with leading padding", "5.3"},
    Feature{0x2, "compression settings", "5.13"},
    Feature{0x4, "files in chunks", "5.15"},
    Feature{0x8, "several devices", "5.16"},
    Feature{0x10, "compressed tails", "5.17"},
    Feature{0x20, "fragments", "6.1"},
    Feature{0x40, "prefixes of extended attributes", "6.4"},
    Feature{0x80, "48-bit addresses", "6.15"},
    Feature{0x100, "a separate metadata box", "6.17"},
};

struct Algorithm {
    std::string_view what, kernel, option;
};
/// In the order of their bits in available_compr_algs.
constexpr std::array algorithms{
    Algorithm{"lz4", "5.3", "CONFIG_EROFS_FS_ZIP"},
    Algorithm{"lzma", "5.16", "CONFIG_EROFS_FS_ZIP_LZMA"},
    Algorithm{"deflate", "6.6", "CONFIG_EROFS_FS_ZIP_DEFLATE"},
    Algorithm{"zstd", "6.10", "CONFIG_EROFS_FS_ZIP_ZSTD"},
};

/// CRC-32C without the final inversion, as EROFS stores it.
std::uint32_t crc32c(std::string_view bytes) {
    constexpr std::uint32_t polynomial = 0x82f63b78;
    std::uint32_t crc = ~0U;
    for (const char byte : bytes) {
        crc ^= static_cast<unsigned char>(byte);
        for (int bit = 0; bit < 8; ++bit)
            crc = crc >> 1 ^ (crc & 1 ? polynomial : 0);
    }
    return crc;
}

bool checksum_fits(const ByteView& file, std::uint32_t block_size) {
    // It covers the first block from the superblock on, or a fixed size if blocks are smaller.
    const std::uint64_t size = block_size > super_at ? block_size - super_at : block_size;
    std::string bytes = file.read(super_at, size);
    if (bytes.size() < 8)
        return false;
    const std::uint32_t said = le32(bytes, 4);
    bytes.replace(4, 4, 4, '\0');
    return crc32c(bytes) == said;
}

class ErofsFiles : public ImageFiles {
public:
    ErofsFiles(ByteView image, const std::string& super)
        : image_(std::move(image)),
          block_bits_(u8(super, 12)),
          directory_bits_(u8(super, 12) + u8(super, 90)),
          meta_(std::uint64_t{le32(super, 40)} << block_bits_),
          root_(le16(super, 14)) {}

    std::optional<ImageNode> root() override { return node(root_); }

    std::optional<std::string> head(const ImageNode& file, std::size_t size) override {
        return content(file.reference, size);
    }

private:
    std::uint64_t place(std::uint64_t nid) const { return meta_ + nid * inode_slot; }

    /// The first bytes of an inode's content, unless it is compressed.
    std::optional<std::string> content(std::uint64_t nid, std::uint64_t wanted) {
        const std::string inode = image_.read(place(nid), 64);
        const bool extended = le16(inode, 0) & 1;
        const unsigned layout = le16(inode, 0) >> 1 & 7;
        const std::uint64_t size = extended ? le64(inode, 8) : le32(inode, 8);
        const std::uint64_t start = std::uint64_t{le32(inode, 16)} << block_bits_;
        const std::uint16_t attributes = le16(inode, 2);
        const std::uint64_t tail_at = place(nid) + (extended ? 64 : 32) +
                                      (attributes == 0 ? 0 : 12 + 4 * (std::uint64_t{attributes} - 1));
        constexpr unsigned plain = 0, with_tail = 2;
        wanted = std::min(wanted, size);
        if (layout != plain && layout != with_tail)
            return std::nullopt;
        const std::uint64_t in_blocks = layout == plain ? size : size >> block_bits_ << block_bits_;
        std::string bytes = image_.read(start, std::min(wanted, in_blocks));
        if (bytes.size() == in_blocks && wanted > in_blocks)
            bytes += image_.read(tail_at, wanted - in_blocks);
        if (bytes.size() < wanted) {
            readable_ = false;
            return std::nullopt;
        }
        return bytes;
    }

    std::optional<ImageNode> node(std::uint64_t nid) override {
        constexpr std::uint64_t nid_limit = std::uint64_t{1} << 40, target_limit = 4096;
        const std::string inode = nid < nid_limit ? image_.read(place(nid), 64) : std::string();
        if (inode.size() < 32) {
            readable_ = false;
            return std::nullopt;
        }
        ImageNode node{le16(inode, 4), le16(inode, 0) & 1 ? le64(inode, 8) : le32(inode, 8), {}, nid};
        if ((node.mode & 0170000) == 0120000) {
            const auto target = content(nid, target_limit);
            if (!target || target->empty()) {
                readable_ = false;
                return std::nullopt;
            }
            node.target = *target;
        }
        return node;
    }

    void each_entry(const ImageNode& directory, const Visit& visit) override {
        constexpr std::uint64_t directory_limit = 8 << 20;
        constexpr std::size_t entry_size = 12;
        const auto listing = content(directory.reference, directory_limit);
        if (!listing) {
            readable_ = false;
            return;
        }
        const std::size_t block_size = std::size_t{1} << directory_bits_;
        for (std::size_t begin = 0; begin < listing->size(); begin += block_size) {
            const std::string_view block = std::string_view(*listing).substr(begin, block_size);
            const std::size_t count = le16(block, 8) / entry_size;
            for (std::size_t i = 0; i < count && (i + 1) * entry_size <= block.size(); ++i) {
                const std::size_t from = le16(block, i * entry_size + 8);
                const std::size_t to = i + 1 < count ? le16(block, (i + 1) * entry_size + 8) : block.size();
                if (from > to || to > block.size()) {
                    readable_ = false;
                    return;
                }
                std::string_view name = block.substr(from, to - from);
                name = name.substr(0, name.find('\0'));
                if (!visit(name, le64(block, i * entry_size)))
                    return;
            }
        }
    }

    ByteView image_;
    unsigned block_bits_, directory_bits_;
    std::uint64_t meta_, root_;
};

}  // namespace

std::optional<ErofsSuper> read_erofs_super(const ByteView& file) {
    const std::string super = file.read(super_at, super_size);
    if (!super.starts_with(magic))
        return std::nullopt;
    ErofsSuper facts;
    const unsigned bits = u8(super, 12);
    if (super.size() < super_size || bits < 9 || bits > 16) {
        facts.fault = super.size() < super_size ? "its superblock is cut off"
                                                : fmt::format("its block size is 2^{} bytes", bits);
        return facts;
    }
    facts.block_size = 1U << bits;
    facts.inodes = le64(super, 16);
    facts.made = static_cast<std::int64_t>(le64(super, 24));
    facts.used = std::uint64_t{le32(super, 36)} << bits;
    const std::uint32_t incompatible = le32(super, 80);
    constexpr std::uint32_t several_devices = 8;
    facts.devices = incompatible & several_devices ? le16(super, 86) : 0;
    std::uint32_t known = 0;
    for (const Feature& feature : features) {
        known |= feature.bit;
        if (incompatible & feature.bit)
            facts.needs.push_back({std::string(feature.what), std::string(feature.kernel), {}});
    }
    if (incompatible & has_algorithm_list) {
        for (std::size_t i = 0; i < algorithms.size(); ++i)
            if (le16(super, 84) >> i & 1) {
                const Algorithm& used = algorithms[i];
                facts.compressors.emplace_back(used.what);
                facts.needs.push_back(
                    {std::string(used.what), std::string(used.kernel), std::string(used.option)});
            }
    } else if (incompatible & 1) {
        facts.compressors.emplace_back("lz4");
        facts.needs.push_back({"lz4", "5.3", "CONFIG_EROFS_FS_ZIP"});
    }
    if (incompatible & ~known)
        facts.fault = fmt::format("it uses unknown features ({:#x})", incompatible & ~known);
    else if (le32(super, 8) & has_checksum && !checksum_fits(file, facts.block_size))
        facts.fault = "the checksum of its superblock is wrong";
    return facts;
}

std::unique_ptr<ImageFiles> open_erofs(const ByteView& image) {
    const auto super = read_erofs_super(image);
    const std::string bytes = image.read(super_at, super_size);
    if (!super || !super->fault.empty() || le32(bytes, 80) & wide_addresses || u8(bytes, 90) > 4)
        return nullptr;
    return std::make_unique<ErofsFiles>(image, bytes);
}

}  // namespace lktest
