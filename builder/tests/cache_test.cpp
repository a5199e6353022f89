// SPDX-License-Identifier: MIT
#include "builder/cache.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>

#include "builder/base/file.hpp"

namespace lktest {
namespace {
namespace fs = std::filesystem;

TEST(Cached, MakesAFileOnceForTheSameInputs) {
    const TempDir cache;
    int made = 0;
    const auto make = [&](const fs::path& file) { write_file(file, std::to_string(++made)); };
    const fs::path first = cached(cache.path(), "part", "a", make);
    EXPECT_EQ(cached(cache.path(), "part", "a", make), first);
    EXPECT_EQ(read_file(first), "1");
    EXPECT_EQ(read_file(cached(cache.path(), "part", "b", make)), "2");
}

TEST(Cached, KeepsNothingOfAnAttemptThatFailed) {
    const TempDir cache;
    const auto fail = [](const fs::path& file) {
        write_file(file, "half");
        throw std::runtime_error("disk full");
    };
    EXPECT_THROW(cached(cache.path(), "part", "a", fail), std::runtime_error);
    EXPECT_TRUE(fs::is_empty(cache.path() / "made"));
}

TEST(Cached, DoesNotTrustAFileWithoutItsNote) {
    const TempDir cache;
    const auto write = [](const std::string& text) {
        return [text](const fs::path& file) { write_file(file, text); };
    };
    const fs::path file = cached(cache.path(), "part", "a", write("old"));
    fs::remove(file.string() + ".inputs");
    EXPECT_EQ(read_file(cached(cache.path(), "part", "a", write("new"))), "new");
}

TEST(Cached, MakesAgainWhatSomebodyCutOrChanged) {
    const TempDir cache;
    int made = 0;
    const auto file = [&](const fs::path& part) { write_file(part, fmt::format("version {}", ++made)); };
    const fs::path part = cached(cache.path(), "part", "a", file);
    fs::resize_file(part, 3);
    EXPECT_EQ(read_file(cached(cache.path(), "part", "a", file)), "version 2");
    write_file(part, "damage 2");
    EXPECT_EQ(read_file(cached(cache.path(), "part", "a", file)), "version 3");
    fs::remove(part);
    make_directories(part / "not a file");
    EXPECT_EQ(read_file(cached(cache.path(), "part", "a", file)), "version 4");
    write_file(part.string() + ".inputs", "another's");
    EXPECT_EQ(read_file(cached(cache.path(), "part", "a", file)), "version 5");
    EXPECT_EQ(read_file(cached(cache.path(), "part", "a", file)), "version 5") << "it is intact";

    const auto directory = [&](const fs::path& target) {
        make_directories(target / "sub");
        write_file(target / "sub/file", fmt::format("version {}", ++made));
    };
    const fs::path whole = cached(cache.path(), "index", "a", directory);
    fs::remove(whole / "sub/file");
    EXPECT_EQ(read_file(cached(cache.path(), "index", "a", directory) / "sub/file"), "version 7");
    EXPECT_EQ(read_file(cached(cache.path(), "index", "a", directory) / "sub/file"), "version 7");
}

/// Like a bad disk: neither size nor time shows the change.
TEST(Cached, MakesAgainAndReportsWhatItsDigestShowsDamaged) {
    const TempDir cache;
    int made = 0;
    std::vector<std::string> said;
    const auto get = [&] {
        return cached(
            cache.path(), "part", "a",
            [&](const fs::path& file) { write_file(file, fmt::format("version {}", ++made)); },
            CacheCheck::digest, [&said](std::string_view words) { said.emplace_back(words); });
    };
    const fs::path part = get();
    EXPECT_EQ(read_file(get()), "version 1");
    EXPECT_TRUE(said.empty());
    const auto time = fs::last_write_time(part);
    write_file(part, "versioN 1");
    fs::last_write_time(part, time);
    EXPECT_EQ(read_file(get()), "version 2");
    ASSERT_EQ(said.size(), 1U);
    EXPECT_NE(said[0].find("is damaged and will be made again"), std::string::npos) << said[0];
    EXPECT_NE(said[0].find("part-"), std::string::npos) << said[0];
    EXPECT_EQ(read_file(get()), "version 2");
    EXPECT_EQ(said.size(), 1U);
}

TEST(Cached, ForgetsWhatWasNotUsedForWeeks) {
    const TempDir cache;
    const auto make = [](const fs::path& file) { write_file(file, "x"); };
    const fs::path old = cached(cache.path(), "part", "a", make),
                   kept = cached(cache.path(), "part", "b", make);
    fs::last_write_time(old.string() + ".inputs", fs::file_time_type::clock::now() - std::chrono::weeks(3));
    cached(cache.path(), "part", "c", make);
    EXPECT_FALSE(fs::exists(old));
    EXPECT_TRUE(fs::exists(kept));
}

TEST(DigestOfPart, IsThatOfAFileTheCacheHasChecked) {
    const TempDir cache;
    const auto make = [](const fs::path& file) { write_file(file, "abc"); };
    const fs::path part = cached(cache.path(), "part", "a", make, CacheCheck::digest);
    EXPECT_EQ(digest_of_part(cache.path(), part),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(digest_of_part(cache.path(), cached(cache.path(), "part", "b", make)), "") << "not checked";
    write_file(cache.path() / "other", "abc");
    EXPECT_EQ(digest_of_part(cache.path(), cache.path() / "other"), "");
}

TEST(CacheUse, RemovesWhatWasUsedLeastRecently) {
    const TempDir cache;
    const auto hour = std::chrono::hours(1);
    const auto now = fs::file_time_type::clock::now();
    const auto make = [](const fs::path& file) { write_file(file, std::string(100, 'x')); };
    const fs::path old = cached(cache.path(), "part", "a", make),
                   kept = cached(cache.path(), "part", "b", make);
    fs::last_write_time(inputs_of(old), now - 3 * hour);
    const fs::path blocks = cache.path() / blocks_directory;
    make_directories(blocks);
    write_file(blocks / "1.blocks", std::string(100, 'x'));
    write_file(blocks / "2.blocks", std::string(100, 'x'));
    fs::last_write_time(blocks / "1.blocks", now - 2 * hour);
    const CacheUse use(cache.path());
    use.limit(400);
    EXPECT_TRUE(fs::exists(old));
    {
        const CacheUse another(cache.path());
        use.limit(0);
        EXPECT_TRUE(fs::exists(old)) << "another build may be reading it";
    }
    use.limit(250);
    EXPECT_FALSE(fs::exists(old));
    EXPECT_FALSE(fs::exists(inputs_of(old)));
    EXPECT_FALSE(fs::exists(blocks / "1.blocks"));
    EXPECT_TRUE(fs::exists(kept));
    EXPECT_TRUE(fs::exists(blocks / "2.blocks"));
    use.limit(0);
    EXPECT_FALSE(fs::exists(kept));
}

}  // namespace
}  // namespace lktest
