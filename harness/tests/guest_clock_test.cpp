// SPDX-License-Identifier: MIT
#include "harness/console/guest_clock.hpp"

#include <gtest/gtest.h>

namespace lktest {
namespace {

using namespace std::chrono_literals;

TEST(GuestClock, IsTheHostsClockUntilSomebodyMeasures) {
    const GuestClock clock;
    EXPECT_EQ(clock.elapsed(2s, 7s), 5s);
    EXPECT_EQ(clock.earliest(2s, 10s, 7s), 12s);
}

TEST(GuestClock, LeavesOutWhatTheHostKeptTheGuestWaiting) {
    GuestClock clock;
    clock.note(1s, 0s);
    clock.note(2s, 900ms);
    clock.note(3s, 900ms);
    EXPECT_EQ(clock.elapsed(0s, 1s), 1s);
    EXPECT_EQ(clock.elapsed(1s, 2s), 100ms);
    EXPECT_EQ(clock.elapsed(1500ms, 2s), 50ms);
    EXPECT_EQ(clock.elapsed(0s, 3s), 2100ms);
}

TEST(GuestClock, CountsTheTimeAfterTheLastNoteOnlyWhenItIsKnown) {
    GuestClock clock;
    clock.note(1s, 0s);
    EXPECT_EQ(clock.elapsed(0s, 1900ms), 1s);
    clock.note(2s, 0s);
    EXPECT_EQ(clock.elapsed(0s, 2s), 2s);
    EXPECT_EQ(clock.elapsed(0s, 302s), 242s) << "measurements have stopped";
}

TEST(GuestClock, ALateNoteIsNotTheGuestsTime) {
    GuestClock clock;
    clock.note(1s, 0s);
    clock.note(100s, 0s);  // lktest was stopped, and the guest with it
    EXPECT_EQ(clock.elapsed(0s, 100s), 3s);
}

TEST(GuestClock, NeverStandsStill) {
    GuestClock clock;
    clock.note(1s, 0s);
    clock.note(2s, 10s);
    EXPECT_EQ(clock.elapsed(1s, 2s), 20ms);
}

TEST(GuestClock, NamesWhenToAskAgain) {
    GuestClock clock;
    clock.note(4s, 2s);
    EXPECT_EQ(clock.earliest(0s, 5s, 4s), 7s);
    EXPECT_EQ(clock.earliest(0s, 1s, 4s), 4s);
    EXPECT_GT(clock.earliest(0s, 2s + 1us, 4s), 4s + 1ms) << "not at once, or it would be asked forever";
}

TEST(GuestClock, KeepsNoPointsOfAQuietHost) {
    GuestClock quiet;
    for (int i = 1; i <= 100'000; ++i)
        quiet.note(i * 200ms, 0s);
    EXPECT_EQ(quiet.elapsed(3s, 19'000s), 18'997s);
    EXPECT_EQ(quiet.elapsed(19'999s, 20'000s), 1s);
}

}  // namespace
}  // namespace lktest
