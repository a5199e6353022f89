// SPDX-License-Identifier: MIT
#include "builder/inspect/verity.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <bit>

#include "builder/base/handle.hpp"

namespace lktest {
namespace {

constexpr std::string_view magic{"verity\0\0", 8};

std::string hash(const std::string& algorithm, std::string_view first, std::string_view second) {
    const EVP_MD* kind = EVP_get_digestbyname(algorithm.c_str());
    const Handle<EVP_MD_CTX, EVP_MD_CTX_free> context(EVP_MD_CTX_new());
    if (!kind || EVP_DigestInit_ex(context.get(), kind, nullptr) != 1)
        return {};
    EVP_DigestUpdate(context.get(), first.data(), first.size());
    EVP_DigestUpdate(context.get(), second.data(), second.size());
    std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
    unsigned size = 0;
    EVP_DigestFinal_ex(context.get(), bytes.data(), &size);
    std::string text;
    for (unsigned i = 0; i < size; ++i)
        text += fmt::format("{:02x}", bytes[i]);
    return text;
}

/// Blocks of the whole tree: each level has a hash for each block of the one below.
std::uint64_t tree_blocks(std::uint64_t data_blocks, std::uint64_t per_block) {
    std::uint64_t all = 0;
    for (std::uint64_t level = data_blocks; level > 1;) {
        level = (level + per_block - 1) / per_block;
        all += level;
    }
    return all;
}

}  // namespace

std::optional<VerityTree> read_verity(const ByteView& bytes, std::string place) {
    const std::string super = bytes.read(0, 512);
    if (!super.starts_with(magic) || super.size() < 512 || le32(super, 8) != 1)
        return std::nullopt;
    const std::uint32_t block_size = le32(super, 68);
    const std::size_t salt_size = le16(super, 80);
    VerityTree tree{std::move(place), super.substr(32, 32), le64(super, 72), le32(super, 64), {}, false};
    tree.algorithm.resize(std::min(tree.algorithm.find('\0'), tree.algorithm.size()));
    constexpr std::uint64_t most_blocks = std::uint64_t{1} << 48;
    const EVP_MD* kind = EVP_get_digestbyname(tree.algorithm.c_str());
    if (!kind || !std::has_single_bit(block_size) || block_size < 512 || block_size > 65536 ||
        salt_size > 256 || tree.data_blocks < 2 || tree.data_blocks > most_blocks)
        return tree;
    const auto digest_size = std::bit_ceil(static_cast<std::uint64_t>(EVP_MD_size(kind)));
    tree.cut = (tree_blocks(tree.data_blocks, block_size / digest_size) + 1) * block_size > bytes.size();
    // The top level comes first, in the block after the superblock.
    const std::string top = bytes.read(block_size, block_size);
    const std::string salt = super.substr(88, salt_size);
    constexpr std::uint32_t salt_last = 0;  // hash type 0 is Chrome OS's
    if (top.size() == block_size)
        tree.root_hash =
            le32(super, 12) == salt_last ? hash(tree.algorithm, top, salt) : hash(tree.algorithm, salt, top);
    return tree;
}

}  // namespace lktest
