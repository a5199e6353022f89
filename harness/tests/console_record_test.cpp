// SPDX-License-Identifier: MIT
#include "harness/boot/console_record.hpp"

#include <gtest/gtest.h>

#include "builder/base/file.hpp"
#include "harness/boot/bounded_file.hpp"

namespace lktest {
namespace {

constexpr std::string_view cut = "[lktest: the limit is reached; later output is not recorded]\n";

std::size_t count(const std::string& text, std::string_view part) {
    std::size_t found = 0;
    for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1))
        ++found;
    return found;
}

TEST(ConsoleRecord, NeitherFileGrowsBeyondItsBound) {
    // Empty lines: each byte becomes sixteen in the log.
    const std::string floods[]{std::string(100'000, '\n'), std::string(100'000, 'x'),
                               std::string(100'000, '\1')};
    for (const std::string& flood : floods) {
        const TempDir dir;
        {
            ConsoleRecord record(dir.path(), 4096);
            for (std::size_t at = 0; at < flood.size(); at += 1000)
                EXPECT_TRUE(record.write(std::string_view(flood).substr(at, 1000), {}));
            EXPECT_TRUE(record.full());
        }
        const std::string log = read_file(dir.path() / "console.log");
        EXPECT_EQ(read_file(dir.path() / "console.raw").size(), 4096U);
        EXPECT_LE(log.size(), 4096 + cut.size());
        EXPECT_EQ(count(log, cut), 1U) << static_cast<int>(flood[0]);
        EXPECT_TRUE(log.ends_with(cut));
    }
}

TEST(ConsoleRecord, WhatFitsIsWholeAndSaysNothingMore) {
    const TempDir dir;
    {
        ConsoleRecord record(dir.path(), 4096);
        EXPECT_TRUE(record.write("one\ntwo", {}));
        EXPECT_FALSE(record.full());
    }
    EXPECT_EQ(read_file(dir.path() / "console.raw"), "one\ntwo");
    EXPECT_EQ(read_file(dir.path() / "console.log"), "[    0.000000] one\n[    0.000000] two\n");
}

TEST(BoundedFile, SaysOnceThatThereWasMore) {
    const TempDir dir;
    BoundedFile file(dir.path() / "log", 10);
    for (int i = 0; i < 100; ++i)
        file.write("123");
    EXPECT_EQ(read_file(dir.path() / "log"), "1231231231\n" + std::string(cut));
}

}  // namespace
}  // namespace lktest
