// SPDX-License-Identifier: MIT
#include "builder/layer/block_cache.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>

#include "builder/layer/squashfs_writer.hpp"

namespace lktest {
namespace {
namespace fs = std::filesystem;

constexpr std::uint64_t plenty = std::uint64_t{1} << 30;

BlockCache::Key key_of(unsigned number) {
    BlockCache::Key key{};
    key[0] = static_cast<std::byte>(number);
    return key;
}

std::span<const std::byte> bytes_of(const std::string& text) {
    return std::as_bytes(std::span(text));
}

/// The block with that key as text; "unknown" without one.
std::string found(BlockCache& cache, unsigned number) {
    std::string out(1 << 10, '\0');
    const auto size = cache.find(key_of(number), std::as_writable_bytes(std::span(out)));
    return size ? out.substr(0, *size) : "unknown";
}

std::vector<fs::path> packs_in(const fs::path& directory) {
    std::vector<fs::path> files;
    for (const fs::directory_entry& entry : fs::directory_iterator(directory))
        files.push_back(entry.path());
    return files;
}

void change_byte(const fs::path& file, std::uint64_t at) {
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekg(static_cast<std::streamoff>(at));
    const int old = stream.get();
    stream.seekp(static_cast<std::streamoff>(at));
    stream.put(static_cast<char>(old ^ 1));
}

void keep(const fs::path& directory, unsigned number, const std::string& block) {
    BlockCache cache(directory, plenty);
    cache.put(key_of(number), bytes_of(block));
    cache.commit();
}

TEST(BlockCache, ReturnsBlocksOfEarlierBuilds) {
    const TempDir dir;
    {
        BlockCache cache(dir.path(), plenty);
        EXPECT_EQ(found(cache, 1), "unknown");
        cache.put(key_of(1), bytes_of("one"));
        cache.put(key_of(2), {});
        EXPECT_EQ(found(cache, 1), "one") << "of the same build";
        cache.commit();
    }
    BlockCache cache(dir.path(), plenty);
    EXPECT_EQ(found(cache, 1), "one");
    EXPECT_EQ(found(cache, 2), "") << "it does not shrink";
    EXPECT_EQ(found(cache, 3), "unknown");
    cache.commit();
    EXPECT_EQ(packs_in(dir.path()).size(), 1U) << "nothing was added";
}

TEST(BlockCache, KeepsNothingOfABuildThatFailed) {
    const TempDir dir;
    {
        BlockCache cache(dir.path(), plenty);
        cache.put(key_of(1), bytes_of("one"));
    }
    EXPECT_TRUE(fs::is_empty(dir.path()));
}

TEST(BlockCache, NeverReturnsADamagedBlock) {
    const TempDir dir;
    keep(dir.path(), 1, "one");
    const auto size = fs::file_size(packs_in(dir.path()).at(0));
    for (std::uint64_t at = 0; at < size; ++at) {
        change_byte(packs_in(dir.path()).at(0), at);
        BlockCache cache(dir.path(), plenty);
        const std::string block = found(cache, 1);
        EXPECT_TRUE(block == "unknown" || block == "one") << at << ": " << block;
        change_byte(packs_in(dir.path()).at(0), at);
    }
    fs::resize_file(packs_in(dir.path()).at(0), size - 1);
    BlockCache cache(dir.path(), plenty);
    EXPECT_EQ(found(cache, 1), "unknown");
}

TEST(BlockCache, RewritesADamagedPackWithoutItsDamage) {
    const TempDir dir;
    {
        BlockCache cache(dir.path(), plenty);
        cache.put(key_of(1), bytes_of("one"));
        cache.put(key_of(2), bytes_of("two"));
        cache.commit();
    }
    change_byte(packs_in(dir.path()).at(0), fs::file_size(packs_in(dir.path()).at(0)) - 1);
    {
        BlockCache cache(dir.path(), plenty);
        EXPECT_EQ(found(cache, 2), "unknown");
        cache.put(key_of(2), bytes_of("TWO"));
        cache.commit();
    }
    EXPECT_EQ(packs_in(dir.path()).size(), 1U);
    BlockCache cache(dir.path(), plenty);
    EXPECT_EQ(found(cache, 1), "one");
    EXPECT_EQ(found(cache, 2), "TWO");
}

TEST(BlockCache, JoinsManySmallPacks) {
    const TempDir dir;
    for (unsigned number = 0; number < 20; ++number)
        keep(dir.path(), number, fmt::format("block {}", number));
    EXPECT_LE(packs_in(dir.path()).size(), 16U);
    BlockCache cache(dir.path(), plenty);
    for (unsigned number = 0; number < 20; ++number)
        EXPECT_EQ(found(cache, number), fmt::format("block {}", number));
}

TEST(BlockCache, AddsNoMoreThanItMay) {
    const TempDir dir;
    BlockCache cache(dir.path(), 200);
    for (unsigned number = 0; number < 10; ++number)
        cache.put(key_of(number), bytes_of(std::string(50, 'x')));
    cache.commit();
    EXPECT_LE(fs::file_size(packs_in(dir.path()).at(0)), 200U);
    BlockCache off(dir.path() / "off", 0);
    off.put(key_of(1), bytes_of("one"));
    off.commit();
    EXPECT_FALSE(fs::exists(dir.path() / "off"));
}

TEST(BlockCache, ToleratesADirectoryThatCannotBeMade) {
    const TempDir dir;
    write_file(dir.path() / "file", "");
    BlockCache cache(dir.path() / "file", plenty);
    cache.put(key_of(1), bytes_of("one"));
    cache.commit();
    EXPECT_EQ(found(cache, 1), "unknown");
}

/// A root with text that compresses, in files of several blocks and in many small ones.
FileTree root_with(const std::string& changed) {
    FileTree tree;
    for (unsigned file = 0; file < 40; ++file) {
        std::string text;
        for (unsigned line = 0; line < 12'000; ++line)
            text += fmt::format("{} {}\n", file, line * line);
        tree.put_file(fmt::format("/large/{}", file), file == 7 ? text + changed : text);
    }
    for (unsigned file = 0; file < 500; ++file)
        tree.put_file(fmt::format("/small/{}", file), fmt::format("small {} {}", file * file, changed));
    return tree;
}

TEST(BlockCache, DoesNotChangeTheImageAndCompressesOnlyWhatChanged) {
    for (const Compressor compressor : {Compressor::zstd, Compressor::lz4}) {
        const TempDir dir;
        const Compression how{compressor, compressor == Compressor::zstd ? 3U : 0U, 128 << 10};
        const auto image = [&](const std::string& name, const std::string& changed, BlockCache* cache) {
            write_squashfs(root_with(changed), dir.path() / name, how, 1'700'000'000, 2, {}, cache);
            return read_file(dir.path() / name);
        };
        const fs::path blocks = dir.path() / "blocks";
        const auto with_cache = [&](const std::string& name, const std::string& changed) {
            BlockCache cache(blocks, plenty);
            return image(name, changed, &cache);
        };
        EXPECT_EQ(with_cache("first", ""), image("first-alone", "", nullptr));
        const auto first = fs::file_size(packs_in(blocks).at(0));
        EXPECT_EQ(with_cache("again", ""), image("first-alone", "", nullptr));
        ASSERT_EQ(packs_in(blocks).size(), 1U) << "no block was compressed again";
        EXPECT_EQ(with_cache("changed", "change"), image("changed-alone", "change", nullptr));
        ASSERT_EQ(packs_in(blocks).size(), 2U);
        std::uintmax_t both = 0;
        for (const fs::path& pack : packs_in(blocks))
            both += fs::file_size(pack);
        EXPECT_LT((both - first) * 10, first) << "only the changed blocks were added";
        // Settings are a part of the key.
        BlockCache cache(blocks, plenty);
        write_squashfs(root_with(""), dir.path() / "other", {Compressor::gzip, 1, 128 << 10}, 0, 2, {},
                       &cache);
        EXPECT_EQ(packs_in(blocks).size(), 3U);
    }
}

}  // namespace
}  // namespace lktest
