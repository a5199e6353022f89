// SPDX-License-Identifier: MIT
#include "builder/cache.hpp"

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

TEST(Cached, ForgetsWhatWasNotUsedForWeeks) {
    const TempDir cache;
    const auto make = [](const fs::path& file) { write_file(file, "x"); };
    const fs::path old = cached(cache.path(), "part", "a", make),
                   kept = cached(cache.path(), "part", "b", make);
    fs::last_write_time(old, fs::file_time_type::clock::now() - std::chrono::weeks(3));
    cached(cache.path(), "part", "c", make);
    EXPECT_FALSE(fs::exists(old));
    EXPECT_TRUE(fs::exists(kept));
}

}  // namespace
}  // namespace lktest
