// SPDX-License-Identifier: MIT
#include "harness/machine/stolen_time.hpp"

#include <gtest/gtest.h>

#include "builder/base/file.hpp"
#include "harness/machine/calendar_clock.hpp"

namespace lktest {
namespace {

using namespace std::chrono_literals;

TEST(StolenTime, ReadsWhatTheKernelSaysOfAThread) {
    const auto wait = thread_wait("3025 79669 12\n", "7 (CPU 0/TCG) R 1 7 7 0 -1\n");
    ASSERT_TRUE(wait);
    EXPECT_EQ(wait->in_queue, 79669ns);
    EXPECT_FALSE(wait->waits_for_disk);
    EXPECT_TRUE(thread_wait("0 0 0\n", "7 (odd) S (name) D 1 7\n")->waits_for_disk);
    EXPECT_FALSE(thread_wait("0 0 0\n", "7 (a) D b) S 1 7\n")->waits_for_disk);
    EXPECT_FALSE(thread_wait("", "7 (a) S 1\n"));
    EXPECT_FALSE(thread_wait("1 2 3\n", ""));
}

TEST(StolenTime, ReadsTheMachinesTicks) {
    const auto ticks = machine_ticks("cpu  10 20 30 40 50 60 70 80 90 100\ncpu0 1 1 1\n");
    ASSERT_TRUE(ticks);
    EXPECT_EQ(ticks->all, 360U);
    EXPECT_EQ(ticks->stolen, 80U);
    EXPECT_FALSE(machine_ticks("cpu0 1 2 3"));
    EXPECT_FALSE(machine_ticks("cpu  1 2 3\n"));
}

class FakeProc : public testing::Test {
protected:
    void thread(const std::string& id, std::chrono::nanoseconds queued, char state) {
        const auto folder = directory_.path() / "77/task" / id;
        make_directories(folder);
        write_file(folder / "schedstat", "5 " + std::to_string(queued.count()) + " 1\n");
        write_file(folder / "stat", id + " (qemu) " + state + " 1 1\n");
    }
    void ticks(int idle, int stolen) {
        write_file(directory_.path() / "stat",
                   "cpu  0 0 0 " + std::to_string(idle) + " 0 0 0 " + std::to_string(stolen) + " 0 0\n");
    }

    TempDir directory_;
    StolenTime stolen_{77, directory_.path()};
    std::chrono::steady_clock::time_point begin_{};
};

TEST_F(FakeProc, AddsUpWhatTheThreadThatWaitedLongestWaited) {
    EXPECT_FALSE(stolen_.until(begin_)) << "there is no such process";
    ticks(0, 0);
    thread("77", 5s, 'S');
    thread("78", 9s, 'R');
    EXPECT_EQ(stolen_.until(begin_), 0s) << "it begins with the first call";
    thread("77", 5200ms, 'S');
    thread("78", 9600ms, 'R');
    thread("79", 100s, 'R');
    EXPECT_EQ(stolen_.until(begin_ + 1s), 600ms);
    thread("79", 150s, 'R');
    EXPECT_EQ(stolen_.until(begin_ + 2s), 1600ms) << "never more than the time that passed";
    thread("77", 5200ms, 'D');
    EXPECT_EQ(stolen_.until(begin_ + 3s), 2600ms) << "it waits for the host's disk";
}

TEST_F(FakeProc, KnowsWhatAHypervisorTook) {
    ticks(0, 0);
    thread("77", 0s, 'S');
    EXPECT_EQ(stolen_.until(begin_), 0s);
    ticks(75, 25);
    EXPECT_EQ(stolen_.until(begin_ + 4s), 1s);
}

TEST(CalendarClock, TellsWhenItWas) {
    CalendarClock clock;
    const CalendarClock::Calendar noon{1000h};
    const CalendarClock::Steady now{50s};
    EXPECT_EQ(clock.steady(noon - 30ms, noon, now), now - 30ms);
    EXPECT_EQ(clock.steady(noon + 30ms, noon, now), now) << "it is not in the future";
    EXPECT_EQ(clock.steady(noon - 1h, noon, now), now - 10s);
}

TEST(CalendarClock, DoesNotBelieveACalendarThatWasSet) {
    CalendarClock clock;
    const CalendarClock::Calendar noon{1000h};
    const CalendarClock::Steady now{50s};
    clock.steady(noon, noon, now);
    EXPECT_EQ(clock.steady(noon + 1s, noon + 1h + 1s, now + 1s), now + 1s);
    EXPECT_EQ(clock.steady(noon + 1h + 2s, noon + 1h + 3s, now + 3s), now + 2s);
    EXPECT_EQ(clock.steady(noon + 4s, noon + 4s, now + 4s), now + 4s) << "it was set back";
}

}  // namespace
}  // namespace lktest
