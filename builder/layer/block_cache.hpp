// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "builder/base/file.hpp"
#include "builder/base/sha256.hpp"

namespace lktest {

/// Compressed blocks of earlier builds, so that a changed root is compressed only where it changed. The
/// blocks of one build are appended to a new pack file. A build that needs no new block writes nothing.
///
/// Each record has a digest, so a damaged block is compressed again. Errors of the file system never end a
/// build: the cache then only keeps less. All functions may be called by several threads at once.
class BlockCache {
public:
    using Key = Sha256::Digest;

    /// @param directory  where the packs are; it is made if necessary
    /// @param most       bytes that this object may add; with 0 it neither reads nor writes
    BlockCache(std::filesystem::path directory, std::uint64_t most);
    BlockCache(const BlockCache&) = delete;
    BlockCache& operator=(const BlockCache&) = delete;
    ~BlockCache();

    /// Copies a block to `out`.
    /// @return its size, 0 for a block that does not shrink, or unset if it is unknown or damaged
    std::optional<std::uint32_t> find(const Key& key, std::span<std::byte> out);

    /// @param block  empty for a block that does not shrink
    void put(const Key& key, std::span<const std::byte> block);

    /// Keeps the new blocks for later builds, and marks the packs in use as recently used. Damaged packs are
    /// rewritten without their damage, and many small packs as one.
    void commit();

private:
    struct Pack {
        std::filesystem::path file;
        UniqueFd fd;
        std::uint64_t size = 0;
        std::atomic<bool> used = false, damaged = false;
    };
    struct Place {
        Pack* pack = nullptr;
        std::uint64_t offset = 0;  ///< of the record
        std::uint32_t size = 0;    ///< of the block
    };
    struct FirstBytes {
        std::size_t operator()(const Key& key) const;
    };

    void load();
    void load_pack(Pack& pack);
    static std::optional<std::vector<std::byte>> read_block(const Key& key, const Place& place);
    bool open_new();
    void append(const Key& key, std::span<const std::byte> block);
    void rewrite(const Pack& pack);

    std::filesystem::path directory_;
    std::uint64_t most_;
    std::mutex lock_;
    bool loaded_ = false, full_ = false;
    std::vector<std::unique_ptr<Pack>> packs_;  ///< the new one is last
    std::unordered_map<Key, Place, FirstBytes> index_;
    std::unique_ptr<AtomicFile> made_;  ///< the new pack; null without one
};

}  // namespace lktest
