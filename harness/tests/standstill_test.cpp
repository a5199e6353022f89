// SPDX-License-Identifier: MIT
#include "harness/boot/standstill.hpp"

#include <gtest/gtest.h>

namespace lktest {
namespace {

using namespace std::chrono_literals;

TEST(Standstill, IsWhatLastsAsLongAsItsPatience) {
    Standstill standstill(10s);
    EXPECT_EQ(standstill.look({.disk_requests = 7}, 0s, 1s), std::nullopt);
    EXPECT_EQ(standstill.look({.disk_requests = 7}, 2s, 11s), std::nullopt) << "it printed something at 2 s";
    EXPECT_EQ(standstill.look({.disk_requests = 7}, 2s, 12s), 2s);
    EXPECT_EQ(standstill.look({.disk_requests = 7}, 2s, 15s), 2s);
    EXPECT_EQ(standstill.look({.disk_requests = 8}, 2s, 16s), std::nullopt);
    EXPECT_EQ(standstill.look({.disk_requests = 8, .packets = 1}, 2s, 20s), std::nullopt);
    EXPECT_EQ(standstill.look({.disk_requests = 8, .packets = 1}, 2s, 30s), 20s);
    standstill.restart(31s);
    EXPECT_EQ(standstill.look({.disk_requests = 8, .packets = 1}, 2s, 40s), std::nullopt) << "it was paused";
}

TEST(Standstill, IdleSpinningAndBusyAreToldApart) {
    const CpuActivity waits{.samples = 8, .halted = 8, .places = {0x1000}};
    const CpuActivity dead{.samples = 8, .halted = 8, .dead = 8, .places = {0x1000}};
    const CpuActivity wakes{.samples = 8, .halted = 7, .places = {0x1000, 0x2000}};
    const CpuActivity spins{.samples = 8, .places = {0x1000, 0x1004}};
    const CpuActivity works{.samples = 8, .places = {1, 2, 3, 4, 5, 6, 7, 8}};
    EXPECT_EQ(hang_of({waits, waits}), Hang::idle);
    EXPECT_EQ(hang_of({dead, waits}), Hang::idle) << "a CPU that was never started";
    EXPECT_EQ(hang_of({dead, dead}), Hang::dead);
    EXPECT_EQ(hang_of({waits, wakes}), Hang::busy);
    EXPECT_EQ(hang_of({waits, spins}), Hang::spinning);
    EXPECT_EQ(hang_of({works}), Hang::busy);
    EXPECT_EQ(hang_of({}), Hang::busy) << "it is unknown";
}

TEST(Standstill, RepetitionEndsWithWordsOrWithWorthwhileWork) {
    Standstill standstill(1s);
    EXPECT_EQ(standstill.repeats_since({}, 2s, 3s), 2s);
    EXPECT_EQ(standstill.repeats_since({.disk_bytes = 1 << 20}, 2s, 60s), 2s) << "it looks for a label";
    EXPECT_EQ(standstill.repeats_since({.packets = 30, .disk_bytes = 2 << 20}, 2s, 90s), 2s);
    EXPECT_EQ(standstill.repeats_since({.packets = 30, .disk_bytes = 5 << 20}, 2s, 100s), 100s);
    EXPECT_EQ(standstill.repeats_since({.packets = 1030, .disk_bytes = 5 << 20}, 2s, 110s), 110s);
    EXPECT_EQ(standstill.repeats_since({.packets = 1030, .disk_bytes = 5 << 20}, 120s, 130s), 120s);
    standstill.restart(140s);
    EXPECT_EQ(standstill.repeats_since({.packets = 1030, .disk_bytes = 5 << 20}, 120s, 150s), 140s);
}

TEST(Standstill, ACpuIsDeadWhenItIsHaltedWithoutInterruptsOnAPc) {
    const CpuState halted{.pc = 0x7c00, .mode = CpuState::Mode::real, .halted = true};
    CpuState waits = halted;
    waits.takes_interrupts = true;
    const CpuState arm{.pc = 0x7c00, .mode = CpuState::Mode::system, .halted = true};
    EXPECT_EQ(hang_of(cpu_activities({{halted}, {halted}})), Hang::dead);
    EXPECT_EQ(hang_of(cpu_activities({{waits}, {waits}})), Hang::idle);
    EXPECT_EQ(hang_of(cpu_activities({{halted}, {waits}})), Hang::idle);
    EXPECT_EQ(hang_of(cpu_activities({{arm}, {arm}})), Hang::idle) << "it waits with interrupts masked";
}

}  // namespace
}  // namespace lktest
