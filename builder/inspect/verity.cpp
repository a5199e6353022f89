// SPDX-License-Identifier: MIT
#include "builder/inspect/verity.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <bit>
#include <vector>

#include "builder/base/handle.hpp"
#include "builder/base/sha256.hpp"

namespace lktest {
namespace {

constexpr std::string_view magic{"verity\0\0", 8};

/// Computes the digests of blocks with one salt.
class BlockHash {
public:
    BlockHash(const std::string& algorithm, std::string salt, bool salt_first)
        : kind_(EVP_get_digestbyname(algorithm.c_str())),
          context_(EVP_MD_CTX_new()),
          salt_(std::move(salt)),
          salt_first_(salt_first) {}

    explicit operator bool() const { return kind_ != nullptr; }
    std::size_t size() const { return kind_ ? static_cast<std::size_t>(EVP_MD_size(kind_)) : 0; }

    std::string operator()(std::string_view block) const {
        if (!kind_ || EVP_DigestInit_ex(context_.get(), kind_, nullptr) != 1)
            return {};
        const std::string_view first = salt_first_ ? salt_ : block, second = salt_first_ ? block : salt_;
        EVP_DigestUpdate(context_.get(), first.data(), first.size());
        EVP_DigestUpdate(context_.get(), second.data(), second.size());
        std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
        unsigned size = 0;
        EVP_DigestFinal_ex(context_.get(), bytes.data(), &size);
        return {bytes.begin(), bytes.begin() + size};
    }

private:
    const EVP_MD* kind_;
    Handle<EVP_MD_CTX, EVP_MD_CTX_free> context_;
    std::string salt_;
    bool salt_first_;
};

/// The superblock, and where the levels of the tree are.
struct TreeLayout {
    explicit TreeLayout(const std::string& super)
        : algorithm(super.substr(32, 32)),
          data_block(le32(super, 64)),
          block(le32(super, 68)),
          data_blocks(le64(super, 72)) {
        constexpr std::uint32_t salt_last = 0;  // hash type 0 is Chrome OS's
        constexpr std::uint64_t most_blocks = std::uint64_t{1} << 40;
        algorithm.resize(std::min(algorithm.find('\0'), algorithm.size()));
        const std::size_t salt_size = le16(super, 80);
        hash.emplace(algorithm, super.substr(88, std::min<std::size_t>(salt_size, 256)),
                     le32(super, 12) != salt_last);
        const auto is_block = [](std::uint32_t size) {
            return std::has_single_bit(size) && size >= 512 && size <= 65536;
        };
        known = *hash && is_block(block) && is_block(data_block) && salt_size <= 256 && data_blocks >= 2 &&
                data_blocks <= most_blocks;
        if (!known)
            return;
        digest = std::bit_ceil(hash->size());
        // Each level has a hash for each block of the one below; the top comes first.
        for (std::uint64_t count = data_blocks; count > 1;) {
            count = (count + block / digest - 1) / (block / digest);
            levels.push_back(count);
        }
        std::uint64_t blocks = 1;
        starts.resize(levels.size());
        for (std::size_t level = levels.size(); level-- > 0;) {
            starts[level] = blocks * block;
            blocks += levels[level];
        }
        bytes = blocks * block;
    }

    std::string algorithm;
    std::uint32_t data_block, block;
    std::uint64_t data_blocks;
    std::optional<BlockHash> hash;
    bool known = false;
    std::size_t digest = 0;             ///< bytes of a hash in the tree
    std::vector<std::uint64_t> levels;  ///< blocks of each, the lowest first
    std::vector<std::uint64_t> starts;  ///< bytes
    std::uint64_t bytes = 0;            ///< with the superblock's block
};

std::optional<TreeLayout> layout_of(const ByteView& bytes) {
    const std::string super = bytes.read(0, 512);
    if (!super.starts_with(magic) || super.size() < 512 || le32(super, 8) != 1)
        return std::nullopt;
    return TreeLayout(super);
}

}  // namespace

std::optional<VerityTree> read_verity(const ByteView& bytes, std::string place) {
    const auto layout = layout_of(bytes);
    if (!layout)
        return std::nullopt;
    VerityTree tree{std::move(place), layout->algorithm, layout->data_blocks, layout->data_block, {}, false};
    if (!layout->known)
        return tree;
    tree.cut = layout->bytes > bytes.size();
    const std::string top = bytes.read(layout->block, layout->block);
    if (top.size() == layout->block)
        tree.root_hash = hexadecimal((*layout->hash)(top));
    return tree;
}

bool covers(const ByteView& tree, const ByteView& data) {
    const auto layout = layout_of(tree);
    if (!layout || !layout->known)
        return false;
    constexpr std::uint64_t samples = 8;
    for (std::uint64_t i = 0; i < samples; ++i) {
        const std::uint64_t block = (layout->data_blocks - 1) * i / (samples - 1);
        const std::string bytes = data.read(block * layout->data_block, layout->data_block);
        // Empty blocks are the same everywhere.
        if (bytes.size() < layout->data_block || bytes.find_first_not_of('\0') == std::string::npos)
            continue;
        const std::uint64_t per_block = layout->block / layout->digest;
        const std::uint64_t at =
            layout->starts[0] + block / per_block * layout->block + block % per_block * layout->digest;
        if (tree.read(at, layout->hash->size()) == (*layout->hash)(bytes))
            return true;
    }
    return false;
}

std::string first_difference(const ByteView& tree, const ByteView& data) {
    const auto layout = layout_of(tree);
    if (!layout || !layout->known)
        return {};
    const std::uint64_t per_block = layout->block / layout->digest;
    std::string hashes, bytes;
    // Each level is compared with the one above it, and the data with the lowest level.
    for (std::size_t level = layout->levels.size(); level-- > 0;) {
        const bool lowest = level == 0;
        const ByteView& below = lowest ? data : tree;
        const std::uint64_t start = lowest ? 0 : layout->starts[level - 1];
        const std::uint64_t count = lowest ? layout->data_blocks : layout->levels[level - 1];
        const std::uint32_t size = lowest ? layout->data_block : layout->block;
        for (std::uint64_t i = 0; i < count; ++i) {
            if (i % per_block == 0)
                hashes = tree.read(layout->starts[level] + i / per_block * layout->block, layout->block);
            bytes = below.read(start + i * size, size);
            if (bytes.size() < size || hashes.size() < layout->block ||
                hashes.compare(i % per_block * layout->digest, layout->hash->size(),
                               (*layout->hash)(bytes)) != 0)
                return fmt::format("block {} of {}{}", i, count, lowest ? "" : " of the tree itself");
        }
    }
    return {};
}

}  // namespace lktest
