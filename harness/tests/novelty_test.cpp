// SPDX-License-Identifier: MIT
#include "harness/console/novelty.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace lktest {
namespace {

using namespace std::chrono_literals;

TEST(Novelty, DotsCountersAndSpinnersAreNotNew) {
    Novelty novelty;
    novelty.said("Waiting for the medium", 1s);
    std::string line = "Waiting for the medium";
    for (int i = 2; i < 60; ++i)
        novelty.said(line += '.', i * 1s);
    EXPECT_EQ(novelty.new_at(), 1s);
    EXPECT_EQ(novelty.repeated(), "Waiting for the medium...") << "shortened";
    for (int i = 60; i < 120; ++i) {
        novelty.said(fmt::format("Waiting for the medium ({}/999) |", i), i * 1s);
        novelty.said("...", i * 1s);
    }
    EXPECT_EQ(novelty.new_at(), 1s);
}

TEST(Novelty, ALineOfDotsIsRepeatedFromTheFirstOn) {
    Novelty novelty;
    novelty.said("Starting", 1s);
    EXPECT_EQ(novelty.repeated(), "");
    novelty.said("..", 2s);
    novelty.said("", 3s);
    EXPECT_EQ(novelty.repeated(), "..");
    EXPECT_EQ(novelty.new_at(), 1s);
}

TEST(Novelty, ABlankLineIsNotRepeated) {
    Novelty novelty;
    novelty.said("Begin: Running /scripts/live-premount ... done.", 1s);
    novelty.said("   ", 60s);
    EXPECT_EQ(novelty.repeated(), "") << "live-boot begins its last message with one";
}

TEST(Novelty, AFewLinesAgainAndAgainAreNotNew) {
    Novelty novelty;
    for (int i = 0; i < 50; ++i)
        for (const char* line : {"udhcpc: sending discover", "udhcpc: no lease, failing", "trying again"})
            novelty.said(line, 10s + i * 3s);
    EXPECT_EQ(novelty.new_at(), 10s);
    novelty.said("udhcpc: lease of 10.0.2.15 obtained", 200s);
    EXPECT_EQ(novelty.new_at(), 200s);
    EXPECT_EQ(novelty.repeated(), "");
}

TEST(Novelty, KnowsWhetherANumberChanges) {
    Novelty novelty;
    novelty.said("waiting for disk 24", 1s);
    novelty.said("waiting for disk 24..", 2s);
    novelty.said("waiting for disk 24...", 3s);
    EXPECT_FALSE(novelty.counts());
    novelty.said("attempt 1 of 9", 4s);
    novelty.said("attempt 2 of 9", 5s);
    novelty.said("attempt 3 of 9", 6s);
    EXPECT_TRUE(novelty.counts());
    novelty.said("something else", 7s);
    EXPECT_FALSE(novelty.counts());
}

TEST(Novelty, AfterAResetEverythingIsNew) {
    Novelty novelty;
    novelty.said("Loading", 1s);
    novelty.restart(5s);
    EXPECT_EQ(novelty.new_at(), 5s);
    novelty.said("Loading", 6s);
    EXPECT_EQ(novelty.new_at(), 6s);
}

TEST(Novelty, RemembersABoundedNumberOfLines) {
    Novelty novelty;
    novelty.said("first", 1s);
    for (int i = 0; i < 30'000; ++i) {
        std::string name(3, 'a');
        for (int j = 0, rest = i; j < 3; ++j, rest /= 32)
            name[static_cast<std::size_t>(j)] = static_cast<char>('A' + rest % 32);
        novelty.said("unit " + name, 2s);
    }
    novelty.said("first", 9s);
    EXPECT_EQ(novelty.new_at(), 9s) << "it was forgotten";
}

}  // namespace
}  // namespace lktest
