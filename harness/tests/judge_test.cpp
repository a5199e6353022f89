// SPDX-License-Identifier: MIT
#include "harness/boot/judge.hpp"

#include <gtest/gtest.h>

#include "harness/scenario/parse.hpp"

namespace lktest {
namespace {

using namespace std::chrono_literals;

constexpr auto scenario_text = R"(
about = "Two milestones and a failure."
resets = 1
[[milestone]]
name = "kernel"
pattern = 'Linux version'
within = "10s"
[[milestone]]
name = "network"
pattern = 'fetched'
within = "20s"
network = { lease = true }
[[failure]]
name = "panic"
pattern = 'Kernel panic - not syncing: (.*)'
outcome = "kernel-crash"
reason = 'the kernel panicked: \1'
hint = "read the trace"
)";

class JudgeTest : public testing::Test {
protected:
    /// The guest prints something at `at`.
    void say(std::string_view bytes, std::chrono::microseconds at) {
        watch_.feed(Source::serial, bytes, at);
        seen_.last_byte = at;
    }
    Decision at(std::chrono::microseconds now) {
        seen_.now = now;
        watch_.quiet(now);
        if (suspicion_holds(watch_, seen_, limits_))
            watch_.believe_suspect();
        return judge(watch_, scenario_, seen_, limits_);
    }
    Verdict verdict_at(std::chrono::microseconds now) {
        const Decision decision = at(now);
        const auto* verdict = std::get_if<Verdict>(&decision);
        EXPECT_TRUE(verdict) << "nothing was decided";
        return verdict ? *verdict : Verdict{};
    }

    Scenario scenario_ = parse_scenario("test.toml", scenario_text);
    Watch watch_{BootCell{}, scenario_, {}};
    Sighting seen_;
    Limits limits_ = limits_for(false, {});
};

TEST(AsExpected, ARefusalPassesWhereItIsWantedAndABootDoesNot) {
    Scenario scenario;
    scenario.ends = Outcome::boot_refused;
    const Verdict refused{.outcome = Outcome::boot_refused, .reason = "Access Denied", .hint = "sign it"};
    EXPECT_EQ(as_expected(refused, {}).outcome, Outcome::boot_refused);
    const Verdict passed = as_expected(refused, scenario);
    EXPECT_EQ(passed.outcome, Outcome::passed);
    EXPECT_EQ(passed.reached, "boot-refused");
    EXPECT_EQ(passed.reason, "Access Denied");
    EXPECT_EQ(as_expected({}, scenario).outcome, Outcome::not_refused);
    EXPECT_EQ(as_expected({}, scenario).reason, "it booted, but was expected to end as boot-refused");
    EXPECT_EQ(as_expected({.outcome = Outcome::silent}, scenario).outcome, Outcome::silent);
}

TEST_F(JudgeTest, WaitsUntilTheDeadlineOfTheMilestone) {
    const Decision decision = at(1s);
    ASSERT_TRUE(std::holds_alternative<Wait>(decision));
    EXPECT_EQ(std::get<Wait>(decision).until, 10s);
}

TEST_F(JudgeTest, ScalesDeadlinesForEmulation) {
    limits_ = limits_for(true, {});
    EXPECT_EQ(std::get<Wait>(at(1s)).until, 100s);
}

TEST_F(JudgeTest, LetsTheUsersTimeoutEndTheCellEarlier) {
    limits_ = limits_for(true, 30s);
    EXPECT_EQ(std::get<Wait>(at(1s)).until, 30s);
}

TEST_F(JudgeTest, PassesWhenEveryMilestoneWasReached) {
    say("Linux version 6.1\nfetched\n", 2s);
    watch_.network_checked(3s, "lease 192.168.2.10");
    const Verdict verdict = verdict_at(3s);
    EXPECT_EQ(verdict.outcome, Outcome::passed);
    EXPECT_EQ(verdict.reached, "network");
    EXPECT_EQ(verdict.missing, "");
}

TEST_F(JudgeTest, PokesASilentConsoleBeforeItCallsItSilent) {
    ASSERT_TRUE(std::holds_alternative<Poke>(at(10s)));
    seen_.poked_at = 10s;
    EXPECT_EQ(std::get<Wait>(at(10s)).until, 10s + limits_.poke_patience);
    const Verdict verdict = verdict_at(10s + limits_.poke_patience);
    EXPECT_EQ(verdict.outcome, Outcome::silent);
    EXPECT_EQ(verdict.missing, "kernel");
    EXPECT_NE(verdict.reason.find("silent from power-on"), std::string::npos) << verdict.reason;
}

TEST_F(JudgeTest, AMilestoneAfterAPokeIsItsAnswer) {
    seen_.poked_at = 9s;
    say("Linux version 6.1\n", 10s);
    ASSERT_NE(watch_.last_reached(), "");
    EXPECT_GT(std::get<Wait>(at(9s + limits_.poke_patience)).until, 10s + limits_.poke_patience);
}

TEST(JudgePoke, TheAnswerToAnOldPokeSaysNothingOfTheNextMilestone) {
    const Scenario scenario = parse_scenario("test.toml", R"(
about = "Two milestones."
stall = "16s"
[[milestone]]
name = "kernel"
pattern = 'Linux version'
within = "20s"
[[milestone]]
name = "userspace"
pattern = 'Welcome'
within = "60s"
)");
    Watch watch(BootCell{}, scenario, {});
    Sighting seen{.poked_at = 9s};
    watch.feed(Source::serial, "Linux version 6.1\n", 10s);
    seen.last_byte = 10s;
    seen.poke_answer = "Linux version 6.1\n";
    seen.standing = {.since = 11s, .hang = Hang::idle};
    seen.now = 30s;
    watch.quiet(seen.now);
    EXPECT_TRUE(std::holds_alternative<Poke>(judge(watch, scenario, seen, limits_for(false, {}))))
        << "whether userspace still answers has not been checked yet";
}

TEST(JudgeMenu, EnterIsPressedWhereAMenuStandsStillAndNotWhereItCountsDown) {
    const Scenario scenario = parse_scenario("test.toml", R"(
about = "A menu."
[[milestone]]
name = "menu"
pattern = 'GNU GRUB'
within = "30s"
enter = true
[[milestone]]
name = "kernel"
pattern = 'Linux version'
within = "60s"
)");
    Watch watch(BootCell{}, scenario, {});
    Sighting seen;
    const auto at = [&](std::chrono::microseconds now) {
        seen.now = now;
        watch.quiet(now);
        return judge(watch, scenario, seen, limits_for(false, {}));
    };
    const auto say = [&](std::string_view text, std::chrono::microseconds now) {
        watch.feed(Source::serial, text, now);
        seen.last_byte = now;
    };
    EXPECT_EQ(std::get<Wait>(at(10s)).until, 30s) << "the menu has not appeared yet";
    say("GNU GRUB  version 2.06\n", 11s);
    EXPECT_EQ(std::get<Wait>(at(12s)).until, 15s);
    say("in 5s", 14s);
    EXPECT_EQ(std::get<Wait>(at(15s)).until, 18s);
    ASSERT_TRUE(std::holds_alternative<Enter>(at(18s)));
    seen.enters = 1;
    seen.enter_at = 18s;
    EXPECT_EQ(std::get<Wait>(at(18s)).until, 22s);
    ASSERT_TRUE(std::holds_alternative<Enter>(at(22s)));
    seen.enters = 3;
    EXPECT_EQ(std::get<Wait>(at(22s)).until, 11s + 60s) << "three are enough";
    say("Linux version 6.1\n", 23s);
    EXPECT_TRUE(watch.passed());
}

TEST_F(JudgeTest, AMenuThatCountsDownIsSkippedOnceItIsPainted) {
    seen_.counting_since = 2s;
    say("The highlighted entry will be executed automatically in 5s.", 2s);
    EXPECT_EQ(std::get<Wait>(at(2s)).until, 2500ms);
    ASSERT_TRUE(std::holds_alternative<Enter>(at(2500ms)));
    seen_.enters = 1;
    seen_.enter_at = 2500ms;
    EXPECT_EQ(std::get<Wait>(at(3s)).until, 10s) << "its last row may stay on the screen";
    say("in 4s", 4100ms);
    EXPECT_TRUE(std::holds_alternative<Enter>(at(4100ms))) << "it did not accept the key";
    limits_.keep_countdown = true;
    EXPECT_TRUE(std::holds_alternative<Wait>(at(4100ms)));
}

TEST_F(JudgeTest, ACellAtAPromptIsNotSilent) {
    say("grub> ", 2s);
    ASSERT_TRUE(std::holds_alternative<Poke>(at(10s)));
    seen_.poked_at = 10s;
    seen_.poke_answer = "\r\ngrub> ";
    say("\r\ngrub> ", 10100ms);
    const Verdict verdict = verdict_at(12s);
    EXPECT_EQ(verdict.outcome, Outcome::at_prompt);
    EXPECT_NE(verdict.reason.find("'grub> '"), std::string::npos) << verdict.reason;
}

TEST_F(JudgeTest, AGuestWithoutAnySignOfLifeIsGivenUpBeforeItsDeadline) {
    scenario_.stall = 16s;
    limits_ = limits_for(true, {});
    seen_.standing = {.since = 1s, .hang = Hang::idle};
    EXPECT_EQ(std::get<Wait>(at(4s)).until, 100s) << "not yet";
    ASSERT_TRUE(std::holds_alternative<Poke>(at(6s)));
    seen_.poked_at = 6s;
    seen_.poke_answer = "\r\n";
    EXPECT_EQ(std::get<Wait>(at(7s)).until, 6s + limits_.poke_patience);
    const Verdict verdict = verdict_at(6s + limits_.poke_patience);
    EXPECT_EQ(verdict.outcome, Outcome::silent) << "an echo is not an answer";
    EXPECT_NE(verdict.reason.find("its CPUs are idle"), std::string::npos) << verdict.reason;
    EXPECT_EQ(verdict.missing, "kernel");

    seen_.standing->hang = Hang::busy;
    EXPECT_TRUE(std::holds_alternative<Wait>(at(20s))) << "it is emulated, and may compute";
    seen_.standing->hang = Hang::spinning;
    EXPECT_TRUE(std::holds_alternative<Verdict>(at(20s)));
}

TEST_F(JudgeTest, WhoAnswersWhenPokedOrMovesAgainHasTheRestOfItsTime) {
    scenario_.stall = 16s;
    seen_.standing = {.since = 1s, .hang = Hang::idle};
    ASSERT_TRUE(std::holds_alternative<Poke>(at(6s)));
    seen_.poked_at = 6s;
    seen_.poke_answer = "\r\ngrub> ";
    EXPECT_EQ(std::get<Wait>(at(8s)).until, 10s);
    ASSERT_TRUE(std::holds_alternative<Poke>(at(10s))) << "at its deadline Enter is pressed again";
    seen_.poke_answer.clear();
    seen_.standing.reset();
    EXPECT_EQ(std::get<Wait>(at(8s)).until, 10s) << "it moved";
}

constexpr auto suspicious_text = R"(
about = "A loader that complains."
[[milestone]]
name = "kernel"
pattern = 'Linux version'
within = "60s"
[[failure]]
name = "no-file"
pattern = "error: file `(.*)' not found"
tentative = true
outcome = "stopped-at-loader"
reason = 'GRUB did not find \1'
[[failure]]
name = "unpack"
pattern = 'Initramfs unpacking failed'
tentative = true
outcome = "kernel-crash"
)";

class JudgeSuspicionTest : public JudgeTest {
protected:
    JudgeSuspicionTest() {
        scenario_ = parse_scenario("test.toml", suspicious_text);
        watch_ = Watch(BootCell{}, scenario_, {});
        limits_ = limits_for(true, {});
    }
};

TEST_F(JudgeSuspicionTest, IsNotBelievedWhileTheGuestMoves) {
    say("error: file `/boot/' not found\n", 1s);
    EXPECT_TRUE(std::holds_alternative<Wait>(at(5min))) << "the loader says nothing while it reads";
    seen_.standing = {.since = 299s, .hang = Hang::idle};
    EXPECT_TRUE(std::holds_alternative<Wait>(at(5min)));
    EXPECT_TRUE(std::holds_alternative<Wait>(at(299s + limits_.tentative - 1us)));
    const Verdict verdict = verdict_at(299s + limits_.tentative);
    EXPECT_EQ(verdict.outcome, Outcome::stopped_at_loader);
    EXPECT_EQ(verdict.reason, "GRUB did not find /boot/");
}

TEST_F(JudgeSuspicionTest, WaitsLongerForACpuThatComputes) {
    say("error: file `/boot/' not found\n", 1s);
    seen_.standing = {.since = 1s, .hang = Hang::busy};
    EXPECT_TRUE(std::holds_alternative<Wait>(at(1s + 2 * limits_.tentative)));
    EXPECT_EQ(verdict_at(1s + 3 * limits_.tentative).outcome, Outcome::stopped_at_loader);
}

TEST_F(JudgeSuspicionTest, DoesNotCountTheTimeThatTheHostTook) {
    say("error: file `/boot/' not found\n", 1s);
    seen_.standing = {.since = 1s, .hang = Hang::idle};
    watch_.host_gave(1s, 0s);
    auto now = 1000ms;
    for (int i = 0; i < 60; ++i)
        watch_.host_gave(now += 1s, (now - 1s) * 9 / 10);
    EXPECT_TRUE(std::holds_alternative<Wait>(at(now))) << "a minute, but six seconds of the guest's";
    for (int i = 0; i < 10; ++i)
        watch_.host_gave(now += 1s, 54s);
    EXPECT_EQ(verdict_at(now).outcome, Outcome::stopped_at_loader);
}

TEST_F(JudgeSuspicionTest, OfALaterStageOnlyADeadlineDecides) {
    say("Initramfs unpacking failed: junk\n", 1s);
    seen_.standing = {.since = 1s, .hang = Hang::idle};
    EXPECT_TRUE(std::holds_alternative<Wait>(at(1s + limits_.tentative + 5s)));
}

TEST_F(JudgeTest, DeadlinesAreOfTheGuestsTimeAndAVerdictSaysWhatTheHostMadeOfThem) {
    watch_.host_gave(1s, 0s);
    for (auto now = 2000ms; now <= 60s; now += 1s)
        watch_.host_gave(now, (now - 1s) * 9 / 10);
    EXPECT_TRUE(std::holds_alternative<Wait>(at(60s))) << "seven seconds of the guest's time";
    for (auto now = 61s; now <= 64s; now += 1s)
        watch_.host_gave(now, 59000ms * 9 / 10);
    say("still here\n", 64s);
    EXPECT_EQ(verdict_at(64s).reason,
              "milestone 'kernel' was not reached within 11 s (64 s on this busy host)");
}

TEST_F(JudgeTest, AStallIsOfTheGuestsTime) {
    scenario_.stall = 16s;
    limits_ = limits_for(true, {});
    seen_.standing = {.since = 1s, .hang = Hang::idle};
    watch_.host_gave(1s, 0s);
    watch_.host_gave(2s, 900ms);
    watch_.host_gave(3s, 1800ms);
    watch_.host_gave(6s, 4500ms);
    EXPECT_TRUE(std::holds_alternative<Wait>(at(6s)));
    watch_.host_gave(8s, 4500ms);
    watch_.host_gave(10s, 4500ms);
    EXPECT_TRUE(std::holds_alternative<Poke>(at(10s)));
}

class JudgeStallTest : public JudgeTest {
protected:
    JudgeStallTest() {
        scenario_ = parse_scenario("test.toml", R"(
about = "A kernel and its userspace."
stall = "120s"
[[milestone]]
name = "kernel"
pattern = 'Linux version'
within = "1000s"
[[milestone]]
name = "userspace"
pattern = 'ready'
within = "1000s"
)");
        watch_ = Watch(BootCell{}, scenario_, {});
        limits_ = limits_for(true, {});
    }
    /// How long it may show no activity before Enter is pressed.
    std::chrono::seconds patience(Hang hang) {
        seen_.standing = {.since = 10s, .hang = hang};
        for (auto now = 11s; now < 2000s; now += 1s)
            if (std::holds_alternative<Poke>(at(now)))
                return now - 10s;
        return 0s;
    }
};

TEST_F(JudgeStallTest, IsShorterWhereNothingCanCome) {
    EXPECT_EQ(patience(Hang::dead), 3s);
    EXPECT_EQ(patience(Hang::spinning), 30s);
    EXPECT_EQ(patience(Hang::idle), 30s) << "a loader waits for nothing";
    EXPECT_EQ(patience(Hang::busy), 300s) << "a loader that computes has little to compute";
    seen_.enters = 3;
    EXPECT_EQ(patience(Hang::busy), 30s) << "Enter had no effect on its menu";
    say("Linux version 6.1\n", 1s);
    EXPECT_EQ(patience(Hang::dead), 3s);
    EXPECT_EQ(patience(Hang::spinning), 30s);
    EXPECT_EQ(patience(Hang::idle), 60s) << "a system has its timers";
    EXPECT_EQ(patience(Hang::busy), 1200s) << "it is emulated";
}

TEST_F(JudgeStallTest, AtAPromptItIsAMatterOfSeconds) {
    say("Linux version 6.1\n(initramfs) ", 1s);
    EXPECT_EQ(patience(Hang::idle), 10s);
    EXPECT_EQ(patience(Hang::busy), 1200s) << "it may continue without an answer";
    seen_.standing = {.since = 10s, .hang = Hang::idle};
    seen_.poked_at = 20s;
    seen_.poke_answer = "\r\n(initramfs) ";
    say("\r\n(initramfs) ", 20100ms);
    seen_.standing->since = 20100ms;
    EXPECT_TRUE(std::holds_alternative<Wait>(at(30s)));
    const Verdict verdict = verdict_at(30100ms);
    EXPECT_EQ(verdict.outcome, Outcome::at_prompt);
    EXPECT_EQ(verdict.reason, "the console waits at a prompt: '(initramfs) '");
}

TEST_F(JudgeStallTest, APromptOnADisplayIsOneToo) {
    say("Linux version 6.1\n", 1s);
    watch_.show(Source::tty1, {"Cannot find the medium.", "(initramfs)", ""}, 2s);
    EXPECT_EQ(patience(Hang::idle), 10s);
    seen_.poked_at = 20s;
    const Verdict verdict = verdict_at(30s);
    EXPECT_EQ(verdict.outcome, Outcome::at_prompt);
    EXPECT_NE(verdict.reason.find("the display waits at a prompt: '(initramfs)'"), std::string::npos)
        << verdict.reason;
}

TEST_F(JudgeStallTest, AGuestThatOnlyRepeatsItselfIsGivenUpAndQuoted) {
    say("Linux version 6.1\n", 1s);
    say("waiting for RESCUE", 2s);
    for (auto now = 3s; now < 70s; now += 1s)
        say(".", now);
    seen_.repeating = {.since = 2s, .hang = Hang::idle};
    EXPECT_TRUE(std::holds_alternative<Wait>(at(61s)));
    const Verdict verdict = verdict_at(70s);
    EXPECT_EQ(verdict.outcome, Outcome::milestone_deadline);
    EXPECT_EQ(verdict.reason,
              "the guest has printed nothing new for 68 s, and repeats 'waiting for RESCUE...'");
    seen_.repeating->hang = Hang::busy;
    EXPECT_TRUE(std::holds_alternative<Wait>(at(160s))) << "it computes";
}

TEST_F(JudgeStallTest, ANewLineEndsTheRepetitionThatTheLastLookFound) {
    say("Linux version 6.1\n", 1s);
    say("waiting for RESCUE", 2s);
    for (auto now = 3s; now < 70s; now += 1s)
        say(".", now);
    seen_.repeating = {.since = 2s, .hang = Hang::idle};
    say("\n  BOOT FAILED!\n...\n", 70s);
    EXPECT_TRUE(std::holds_alternative<Wait>(at(70s))) << "the reason follows";
}

TEST_F(JudgeStallTest, WhatCountsMayHaveALimitThatIsNotReachedYet) {
    say("Linux version 6.1\n", 1s);
    say("waiting for frob (1s / 90s)\n", 2s);
    say("waiting for frob (2s / 90s)\n", 3s);
    say("waiting for frob (3s / 90s)\n", 4s);
    seen_.repeating = {.since = 2s, .hang = Hang::idle};
    EXPECT_TRUE(std::holds_alternative<Wait>(at(151s))) << "a job of systemd's may take two minutes";
    EXPECT_EQ(verdict_at(160s).outcome, Outcome::milestone_deadline);
}

TEST_F(JudgeTest, WhileTheHostLooksAtItsNetworkAGuestMayStandStill) {
    scenario_.stall = 4s;
    say("Linux version 6.1\n", 1s);
    seen_.standing = {.since = 1s, .hang = Hang::idle};
    EXPECT_TRUE(std::holds_alternative<Wait>(at(9s)));
}

TEST_F(JudgeTest, TheHostsOwnCheckOfTheNetworkEndsBeforeItsMilestone) {
    say("Linux version 6.1\n", 1s);
    EXPECT_EQ(std::get<Wait>(at(2s)).until, 1s + 20s + 1s);
}

TEST_F(JudgeTest, AnOldPokeSaysNothingOfANewHang) {
    scenario_.stall = 16s;
    limits_ = limits_for(true, {});
    seen_.standing = {.since = 1s, .hang = Hang::idle};
    ASSERT_TRUE(std::holds_alternative<Poke>(at(6s)));
    seen_.poked_at = 6s;
    say("still here\n", 8s);
    seen_.standing->since = 8s;
    EXPECT_TRUE(std::holds_alternative<Poke>(at(13s))) << "the patience for an answer to the first is over";
}

TEST_F(JudgeTest, ATalkingGuestThatIsLateIsNotSilent) {
    say("still here\n", 9900ms);
    EXPECT_EQ(verdict_at(10s).outcome, Outcome::milestone_deadline);
}

TEST_F(JudgeTest, LetsTheLinesAfterAFailureArrive) {
    say("Kernel panic - not syncing: VFS\n", 3s);
    EXPECT_EQ(std::get<Wait>(at(3s)).until, 3s + limits_.settle);
    say("CPU: 0 PID: 1\n", 3100ms);
    const Verdict verdict = verdict_at(3s + limits_.settle);
    EXPECT_EQ(verdict.outcome, Outcome::kernel_crash);
    EXPECT_EQ(verdict.reason, "the kernel panicked: VFS");
    EXPECT_EQ(verdict.hint, "read the trace");
    EXPECT_EQ(verdict.evidence,
              (std::vector<std::string>{"Kernel panic - not syncing: VFS", "CPU: 0 PID: 1"}));
}

TEST_F(JudgeTest, AFailureLineExplainsAMachineThatIsGone) {
    say("Kernel panic - not syncing: VFS\n", 3s);
    seen_.machine = Sighting::Machine::died;
    seen_.gone_at = 3s;
    seen_.console_closed = true;
    EXPECT_EQ(verdict_at(3s).outcome, Outcome::kernel_crash);
}

TEST_F(JudgeTest, WaitsForTheLastBytesOfAMachineThatIsGone) {
    seen_.machine = Sighting::Machine::died;
    seen_.machine_reason = "crashed";
    seen_.gone_at = 2s;
    EXPECT_TRUE(std::holds_alternative<Wait>(at(2s)));
    seen_.console_closed = true;
    const Verdict verdict = verdict_at(2s);
    EXPECT_EQ(verdict.outcome, Outcome::qemu_died);
    EXPECT_EQ(verdict.reason, "QEMU ended: crashed");
}

TEST_F(JudgeTest, PoweringOffIsTheGuestsFault) {
    say("Linux version 6.1\n", 1s);
    seen_.machine = Sighting::Machine::powered_off;
    seen_.gone_at = 2s;
    seen_.console_closed = true;
    const Verdict verdict = verdict_at(2s);
    EXPECT_EQ(verdict.outcome, Outcome::powered_off);
    EXPECT_EQ(verdict.reason, "the guest switched itself off");
}

TEST_F(JudgeTest, TextThatOnlyALoaderPrintedDoesNotPass) {
    watch_.ask_for_kernel();
    say("Linux version 6.1\nfetched\n", 1s);
    watch_.network_checked(1s, "lease");
    EXPECT_TRUE(std::holds_alternative<Wait>(at(2s)));
    seen_.loader_looks = 29;
    watch_.loader_runs();
    EXPECT_TRUE(std::holds_alternative<Wait>(at(5s))) << "not yet";
    seen_.loader_looks = 30;
    const Verdict verdict = verdict_at(5s);
    EXPECT_EQ(verdict.outcome, Outcome::stopped_at_loader);
    EXPECT_EQ(verdict.reason,
              "the console shows kernel, network, but no kernel runs: the boot loader printed these lines");
}

TEST_F(JudgeTest, AKernelWithoutProofIsNamedInEveryVerdict) {
    watch_.ask_for_kernel();
    say("Linux version 6.1\n", 9900ms);
    EXPECT_NE(verdict_at(10s).reason.find("no kernel was seen to run"), std::string::npos);
}

TEST_F(JudgeTest, AGuestThatHasGoneIsSearchedForItsKernel) {
    watch_.ask_for_kernel();
    say("Linux version 6.1\n", 1s);
    seen_.machine = Sighting::Machine::powered_off;
    seen_.gone_at = 2s;
    seen_.console_closed = true;
    seen_.looked_at = 1900ms;
    EXPECT_TRUE(std::holds_alternative<Wait>(at(3s)));
    seen_.looked_at = 3s;
    EXPECT_EQ(verdict_at(3s).outcome, Outcome::powered_off);
}

TEST_F(JudgeTest, APassByTheConsoleAloneSaysSo) {
    watch_.ask_for_kernel();
    say("Linux version 6.1\nfetched\n", 1s);
    watch_.network_checked(1s, "lease");
    watch_.believe_console();
    const Verdict verdict = verdict_at(2s);
    EXPECT_EQ(verdict.outcome, Outcome::passed);
    EXPECT_EQ(verdict.reason, "proven by the console only; nothing else could confirm that a kernel runs");
}

TEST_F(JudgeTest, NamesAResetLoop) {
    watch_.reset(1s, "guest-reset");
    EXPECT_TRUE(std::holds_alternative<Wait>(at(1s)));
    watch_.reset(2s, "guest-reset");
    const Verdict verdict = verdict_at(2s);
    EXPECT_EQ(verdict.outcome, Outcome::reboot_loop);
    EXPECT_EQ(verdict.reason, "the guest reset itself 2 times");
}

TEST_F(JudgeTest, SaysWhatTheHostSideOfTheNetworkMissed) {
    say("Linux version 6.1\n", 1s);
    seen_.network_problem = "no DHCP lease";
    const Verdict verdict = verdict_at(2s);
    EXPECT_EQ(verdict.outcome, Outcome::network_failed);
    EXPECT_EQ(verdict.reason, "no DHCP lease");
}

TEST_F(JudgeTest, AFaultOfTheHostSaysNothingOfTheMedium) {
    say("Kernel panic - not syncing: VFS\n", 3s);
    seen_.host_problem = "the disk is full";
    EXPECT_EQ(verdict_at(3s).outcome, Outcome::host_setup);
}

TEST_F(JudgeTest, StopsWhenTheUserStops) {
    seen_.cancelled = true;
    EXPECT_EQ(verdict_at(1s).outcome, Outcome::cancelled);
    seen_.host_problem = "dnsmasq was killed by signal 15";  // because all processes were told to stop
    EXPECT_EQ(verdict_at(1s).outcome, Outcome::cancelled);
}

}  // namespace
}  // namespace lktest
