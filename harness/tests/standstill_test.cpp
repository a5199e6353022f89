// SPDX-License-Identifier: MIT
#include "harness/boot/standstill.hpp"

#include <gtest/gtest.h>

namespace lktest {
namespace {

using namespace std::chrono_literals;

TEST(Standstill, IsWhatLastsAsLongAsItsPatience) {
    Standstill standstill(10s);
    EXPECT_EQ(standstill.look({.disk_requests = 7}, 0s, 1s), std::nullopt);
    EXPECT_EQ(standstill.look({.disk_requests = 7}, 2s, 11s), std::nullopt) << "it spoke at 2 s";
    EXPECT_EQ(standstill.look({.disk_requests = 7}, 2s, 12s), 2s);
    EXPECT_EQ(standstill.look({.disk_requests = 7}, 2s, 15s), 2s);
    EXPECT_EQ(standstill.look({.disk_requests = 8}, 2s, 16s), std::nullopt);
    EXPECT_EQ(standstill.look({.disk_requests = 8, .packets = 1}, 2s, 20s), std::nullopt);
    EXPECT_EQ(standstill.look({.disk_requests = 8, .packets = 1}, 2s, 30s), 20s);
    standstill.begin_anew(31s);
    EXPECT_EQ(standstill.look({.disk_requests = 8, .packets = 1}, 2s, 40s), std::nullopt) << "it was paused";
}

TEST(Standstill, IdleSpinningAndBusyAreToldApart) {
    const CpuActivity waits{.samples = 8, .halted = 8, .places = {0x1000}};
    const CpuActivity wakes{.samples = 8, .halted = 7, .places = {0x1000, 0x2000}};
    const CpuActivity spins{.samples = 8, .places = {0x1000, 0x1004}};
    const CpuActivity works{.samples = 8, .places = {1, 2, 3, 4, 5, 6, 7, 8}};
    EXPECT_EQ(hang_of({waits, waits}), Hang::idle);
    EXPECT_EQ(hang_of({waits, wakes}), Hang::busy);
    EXPECT_EQ(hang_of({waits, spins}), Hang::spinning);
    EXPECT_EQ(hang_of({works}), Hang::busy);
    EXPECT_EQ(hang_of({}), Hang::busy) << "nobody knows";
}

}  // namespace
}  // namespace lktest
