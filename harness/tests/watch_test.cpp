// SPDX-License-Identifier: MIT
#include "harness/console/watch.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "harness/scenario/parse.hpp"

namespace lktest {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using std::chrono::microseconds;

constexpr auto scenario_text = R"(
until = "login"
[[milestone]]
name = "firmware"
pattern = 'SeaBIOS \(version'
within = "5s"
[[milestone]]
name = "loader"
optional = true
view = "screen"
pattern = 'GNU GRUB +version'
within = "7s"
[[milestone]]
name = "kernel"
pattern = '^Linux version \d'
within = "10s"
[[milestone]]
name = "ready"
pattern = 'lktest: userspace: ready'
within = "20s"
[[milestone]]
name = "login"
view = "prompt"
pattern = 'login: $'
within = "30s"
)";

constexpr auto failures_text = R"toml(
[[milestone]]
name = "none"
pattern = 'x'
within = "1s"
[[failure]]
name = "refused"
pattern = 'failed to load "(\w+)": Access Denied'
tentative = true
outcome = "boot-refused"
reason = 'refused \1'
[[failure]]
name = "nothing"
pattern = 'No bootable device'
outcome = "no-boot-device"
[[failure]]
name = "grub"
pattern = '^grub> $'
view = "prompt"
outcome = "stopped-at-loader"
reason = "GRUB waits"
[[failure]]
name = "emergency"
pattern = '^emergency login: $'
view = "prompt"
outcome = "initramfs-shell"
[[failure]]
name = "panic"
kernel = true
pattern = 'Kernel panic - not syncing: (.*)'
harmless = 'only a test'
outcome = "kernel-crash"
reason = 'panic: \1'
hint = "read it"
[[failure]]
name = "lockup"
kernel = true
pattern = 'BUG: soft lockup'
warning = true
[[failure]]
name = "unpack"
kernel = true
pattern = 'Initramfs unpacking failed: (.*)'
tentative = true
outcome = "kernel-crash"
reason = 'cannot unpack: \1'
)toml";

std::string kernel(std::string_view message) {
    return fmt::format("[    1.234567] {}\r\n", message);
}

class WatchTest : public testing::Test {
protected:
    Watch& say(std::string_view bytes, microseconds at) {
        watch.feed(Source::serial, bytes, at);
        return watch;
    }
    Watch& report(std::string_view bytes, microseconds at) {
        watch.feed(Source::virtio, bytes, at);
        return watch;
    }
    /// "milestone kernel serial 2.0s Linux version 6.1", one event per line.
    std::string events() {
        std::string text;
        for (const Event& event : watch.take_events())
            text += fmt::format("{} {} {} {}ms {}\n", name(event.kind), event.name, name(event.source),
                                event.at.count() / 1000, event.text);
        return text;
    }
    void boot_to_kernel() {
        say("SeaBIOS (version 1)\r\n", 1ms);
        say("[    0.000000] Linux version 6.1\r\n", 2ms);
        events();
    }

    Scenario scenario = parse_scenario("test.toml", scenario_text);
    std::vector<Failure> catalogue = parse_scenario("catalogue.toml", failures_text).failures;
    Watch watch{BootCell{.arch = Arch::x86_64, .firmware = Firmware::bios}, scenario, catalogue};
};

TEST_F(WatchTest, FollowsABootToItsPrompt) {
    EXPECT_EQ(watch.waiting_for()->name, "firmware");
    say("SeaBIOS (version 1.16)\r\n", 1ms);
    EXPECT_EQ(watch.waiting_for()->name, "kernel");
    EXPECT_EQ(watch.allowed(), 17s) << "its own time and that of the optional loader";
    say("\x1b[2J\x1b[2;24HGNU GRUB  version 2.06\x1b[4;1H", 2ms);
    EXPECT_EQ(watch.allowed(), 10s);
    say("[    0.000000] Linux version 6.1\r\n", 3ms);
    say("lktest: userspace: ready\r\nhost login: ", 4ms);
    EXPECT_FALSE(watch.passed()) << "the prompt has not stood still yet";
    EXPECT_EQ(watch.decides_at(4ms), 504ms);
    watch.quiet(504ms);
    EXPECT_TRUE(watch.passed());
    EXPECT_EQ(watch.last_reached(), "login");
    EXPECT_EQ(watch.waiting_for(), nullptr);
    EXPECT_EQ(watch.decides_at(504ms), std::nullopt);
    EXPECT_EQ(events(),
              "milestone firmware serial 1ms SeaBIOS (version 1.16)\n"
              "milestone loader screen 2ms                        GNU GRUB  version 2.06\n"
              "milestone kernel serial 3ms [    0.000000] Linux version 6.1\n"
              "milestone ready serial 4ms lktest: userspace: ready\n"
              "milestone login serial 4ms host login: \n");
}

TEST_F(WatchTest, PassesOverAnOptionalMilestone) {
    boot_to_kernel();
    EXPECT_EQ(watch.last_reached(), "kernel");
    say("\x1b[2;24HGNU GRUB  version 2.06\x1b[4;1H", 3ms);
    EXPECT_EQ(events(), "") << "it was skipped";
}

TEST_F(WatchTest, FindsMarkersHoweverTheBytesAreCut) {
    const std::string boot =
        "\x1b"
        "c\x1b[?7l\x1b[2J\x1b[0mSeaBIOS\0 (version 1)\r\n"s +
        "\x1b[2;9HGNU GRUB\x1b[2;18H version 2\x1b[3;1H\r\n"
        "ok[    0.000000] Linux version 6.1\r\nlktest: user[    1.000000] scsi\r\nspace: r\xc4\x9b\b "
        "\bea\x1b[1mdy\r\n\xff\x9bmhost login: ";
    for (std::size_t cut = 0; cut <= boot.size(); ++cut) {
        Watch cut_watch(BootCell{.firmware = Firmware::bios}, scenario, catalogue);
        cut_watch.feed(Source::serial, std::string_view(boot).substr(0, cut), 1ms);
        cut_watch.feed(Source::serial, std::string_view(boot).substr(cut), 1ms);
        cut_watch.quiet(2s);
        EXPECT_TRUE(cut_watch.passed())
            << "cut at byte " << cut << ", waiting for " << cut_watch.waiting_for()->name;
        EXPECT_EQ(cut_watch.take_events().size(), 5U) << "cut at byte " << cut;
    }
}

TEST_F(WatchTest, CountsEitherWitnessAndRecordsBothOnce) {
    boot_to_kernel();
    report("lktest: userspace: ready\n", 10ms);
    EXPECT_EQ(watch.last_reached(), "ready");
    say("lktest: userspace: ready\r\n", 12ms);
    say("lktest: userspace: ready\r\n", 13ms);
    report("lktest: userspace: ready\n", 14ms);
    EXPECT_EQ(events(),
              "milestone ready virtio 10ms lktest: userspace: ready\n"
              "milestone ready serial 12ms lktest: userspace: ready\n");
}

TEST_F(WatchTest, LetsOneWitnessBeAheadOfTheOther) {
    say("SeaBIOS (version 1)\r\n", 1ms);
    report("lktest: userspace: ready\n", 2ms);
    EXPECT_EQ(watch.last_reached(), "firmware");
    EXPECT_EQ(watch.seen_early(), std::vector<std::string>{"ready"});
    say(kernel("Linux version 6.1"), 3ms);
    EXPECT_EQ(watch.last_reached(), "ready");
    EXPECT_EQ(watch.waiting_since(), 3ms);
}

TEST_F(WatchTest, DoesNotCountALineThatCameTooEarlyOnItsOwnConsole) {
    say("SeaBIOS (version 1)\r\nlktest: userspace: ready\r\n", 1ms);
    EXPECT_EQ(watch.last_reached(), "firmware");
    EXPECT_EQ(watch.seen_early(), std::vector<std::string>{"ready"});
    say(kernel("Linux version 6.1"), 2ms);
    EXPECT_EQ(watch.last_reached(), "kernel");
    EXPECT_EQ(watch.seen_early(), std::vector<std::string>{"ready"});
    say("lktest: userspace: ready\r\n", 3ms);
    EXPECT_EQ(watch.last_reached(), "ready");
}

TEST_F(WatchTest, IsNotDeceivedByTheEchoOfACommand) {
    boot_to_kernel();
    for (const std::string_view echo :
         {"~ # echo lktest: userspace: ready", "root@host:~# echo 'lktest: userspace: ready'",
          "bash-5.2$ echo lktest: userspace: ready", "[root@host ~]# say lktest: userspace: ready",
          "(initramfs) echo lktest: userspace: ready", "grub> echo lktest: userspace: ready"})
        say(std::string(echo) + "\r\n", 3ms);
    EXPECT_EQ(watch.last_reached(), "kernel");
    say("~ # lktest: userspace: ready\r\n", 4ms);
    EXPECT_EQ(watch.last_reached(), "ready") << "output that ran into the prompt";
}

TEST_F(WatchTest, DecidesAPromptOnlyWhenItStandsStill) {
    say("SeaBIOS (version 1)\r\ngrub> ", 1ms);
    say("linux /vmlinuz\r\ngrub> ", 300ms);
    watch.quiet(799ms);
    EXPECT_FALSE(watch.failure());
    watch.quiet(800ms);
    ASSERT_TRUE(watch.failure());
    EXPECT_EQ(watch.failure()->name, "grub");
    EXPECT_EQ(watch.failure()->evidence, std::vector<std::string>{"grub> "});
}

TEST_F(WatchTest, DecidesAPromptThatStoodStillBeforeItWasAnswered) {
    say("SeaBIOS (version 1)\r\ngrub> ", 1ms);
    say("\r\ngrub> ", 2s);
    EXPECT_TRUE(watch.failure());
}

TEST_F(WatchTest, TakesThePromptOfAnEmergencyShellForNoMilestone) {
    boot_to_kernel();
    say("lktest: userspace: ready\r\nemergency login: ", 3ms).quiet(1s);
    EXPECT_FALSE(watch.passed());
    EXPECT_EQ(watch.failure()->name, "emergency");
}

TEST_F(WatchTest, EndsTheBootAtAKernelPanicAndKeepsWhatFollows) {
    boot_to_kernel();
    say(kernel("Kernel panic - not syncing: Attempted to kill init!") + kernel("CPU: 0 PID: 1"), 5ms);
    say(kernel("Call Trace:"), 6ms);
    ASSERT_TRUE(watch.failure());
    EXPECT_EQ(watch.failure()->reason, "panic: Attempted to kill init!");
    EXPECT_EQ(watch.failure()->hint, "read it");
    EXPECT_EQ(watch.failure()->outcome, Outcome::kernel_crash);
    EXPECT_EQ(watch.failure()->at, 5ms);
    EXPECT_EQ(watch.failure()->evidence,
              (std::vector<std::string>{"[    1.234567] Kernel panic - not syncing: Attempted to kill init!",
                                        "[    1.234567] CPU: 0 PID: 1", "[    1.234567] Call Trace:"}));
    EXPECT_EQ(
        events(),
        "failure panic serial 5ms [    1.234567] Kernel panic - not syncing: Attempted to kill init!\n");
}

TEST_F(WatchTest, ReportsTheFirstFailureOnly) {
    boot_to_kernel();
    say(kernel("Kernel panic - not syncing: one") + kernel("Kernel panic - not syncing: two"), 5ms);
    EXPECT_EQ(watch.failure()->reason, "panic: one");
    EXPECT_EQ(events(), "failure panic serial 5ms [    1.234567] Kernel panic - not syncing: one\n");
}

TEST_F(WatchTest, BelievesOfTheKernelOnlyWhatTheKernelSays) {
    boot_to_kernel();
    say("Kernel panic - not syncing: says a program\r\n", 3ms);
    say(kernel("audit: Kernel panic - not syncing: in mid-line"), 4ms);
    say(kernel("Kernel panic - not syncing: only a test"), 5ms);
    say("prompt # Kernel panic - not syncing: echo\r\n", 6ms);
    EXPECT_FALSE(watch.failure());
    say("half a line[    5.000000] Kernel panic - not syncing: cut in\r\n", 7ms);
    EXPECT_EQ(watch.failure()->reason, "panic: cut in");
}

TEST_F(WatchTest, DecidesOnWholeLines) {
    boot_to_kernel();
    say("[    1.000000] Kernel panic - not syncing: only a", 3ms).quiet(5s);
    EXPECT_FALSE(watch.failure());
    say(" test\r\n", 6s);
    EXPECT_FALSE(watch.failure());
}

TEST_F(WatchTest, UnderstandsAKernelWithoutTimeStamps) {
    say("SeaBIOS (version 1)\r\nLinux version 6.1 (gcc) #1 SMP\r\nKernel panic - not syncing: bare\r\n", 1ms);
    EXPECT_EQ(watch.last_reached(), "kernel");
    EXPECT_EQ(watch.failure()->reason, "panic: bare");
}

TEST_F(WatchTest, RecordsAWarningOnce) {
    boot_to_kernel();
    say(kernel("BUG: soft lockup - CPU#0") + kernel("BUG: soft lockup - CPU#1"), 3ms);
    EXPECT_FALSE(watch.failure());
    EXPECT_EQ(events(), "warning lockup serial 3ms [    1.234567] BUG: soft lockup - CPU#0\n");
}

TEST_F(WatchTest, ForgetsATentativeFailureWhenTheBootGoesOn) {
    say("failed to load \"Boot1\": Access Denied\r\n", 1ms);
    EXPECT_EQ(watch.suspect()->reason, "refused Boot1");
    say("SeaBIOS (version 1)\r\n", 2ms);
    EXPECT_FALSE(watch.suspect());
    watch.quiet(1min);
    EXPECT_FALSE(watch.failure());
}

TEST_F(WatchTest, BlamesATentativeFailureWhenNothingElseBoots) {
    say("SeaBIOS (version 1)\r\nfailed to load \"Boot1\": Access Denied\r\nNo bootable device\r\n", 1ms);
    EXPECT_EQ(watch.failure()->name, "refused");
    EXPECT_EQ(watch.failure()->evidence,
              (std::vector<std::string>{"failed to load \"Boot1\": Access Denied", "No bootable device"}));
    EXPECT_EQ(events(),
              "milestone firmware serial 1ms SeaBIOS (version 1)\n"
              "warning refused serial 1ms failed to load \"Boot1\": Access Denied\n"
              "failure refused serial 1ms failed to load \"Boot1\": Access Denied\n");
}

class FirstScreenTest : public testing::Test {
protected:
    Scenario scenario = parse_scenario("first.toml", R"(
about = "A first screen."
[[milestone]]
name = "firmware"
pattern = 'SeaBIOS'
within = "5s"
[[milestone]]
name = "first-screen"
view = "screen"
pattern = 'GNU GRUB'
within = "60s"
)");
    Watch watch{BootCell{.arch = Arch::x86_64, .firmware = Firmware::bios}, scenario, {}};
    const Painting blue{.background = 0xaa, .plain = true, .drawn = 0};
};

TEST_F(FirstScreenTest, IsReachedByRowsThatTheFirmwareDidNotPrint) {
    watch.feed(Source::serial, "SeaBIOS (version 1)\r\n", 1s);
    watch.show(Source::display, {"SeaBIOS (version 1)", "iPXE", "more", "and more"}, 2s);
    EXPECT_FALSE(watch.passed()) << "the firmware has not started anything";
    watch.feed(Source::serial, "Booting from DVD/CD...\r\n", 3s);
    watch.show(Source::display, {"SeaBIOS (version 1)", "Booting from DVD/CD..."}, 4s);
    EXPECT_FALSE(watch.passed());
    watch.show(Source::display, {"Memtest86+ v6.10", "CLK 2000 MHz", "Testing 4%"}, 5s);
    EXPECT_TRUE(watch.passed());
}

TEST_F(FirstScreenTest, IsNotTheFirmwaresShell) {
    watch.feed(Source::serial, "SeaBIOS (version 1)\r\n", 1s);
    watch.feed(Source::serial, "BdsDxe: starting Boot0002 \"EFI Internal Shell\" from Fv(7CB8BDC9)/x\r\n",
               2s);
    watch.painted(blue, 3s);
    EXPECT_FALSE(watch.medium_started());
    watch.feed(Source::serial, "BdsDxe: starting Boot0001 \"DVD\" from PciRoot(0x0)\r\n", 4s);
    watch.painted(blue, 5s);
    EXPECT_TRUE(watch.passed());
}

TEST_F(FirstScreenTest, IsReachedByPixelsThatNobodyCanRead) {
    watch.feed(Source::serial, "SeaBIOS (version 1)\r\n", 1s);
    EXPECT_TRUE(watch.awaits_painting());
    watch.painted(blue, 2s);
    EXPECT_FALSE(watch.passed());
    watch.feed(Source::serial, "Booting from DVD/CD...\r\n", 3s);
    watch.painted({.background = 0, .plain = true, .drawn = 500}, 4s);
    EXPECT_FALSE(watch.passed()) << "that is a cursor";
    watch.painted(blue, 5s);
    EXPECT_TRUE(watch.passed());
    EXPECT_FALSE(watch.awaits_painting());
}

TEST_F(WatchTest, TextOfAKernelCountsWhenAKernelRuns) {
    watch.ask_for_kernel();
    say("SeaBIOS (version 1.16)\r\n", 1ms);
    EXPECT_EQ(watch.last_reached(), "firmware") << "firmware needs no kernel";
    EXPECT_FALSE(watch.awaits_kernel());
    boot_to_kernel();
    EXPECT_EQ(watch.last_reached(), "firmware");
    EXPECT_TRUE(watch.awaits_kernel());
    watch.kernel_runs();
    EXPECT_EQ(watch.last_reached(), "kernel");
    EXPECT_FALSE(watch.awaits_kernel());
    say("lktest: userspace: ready\r\nhost login: ", 9ms).quiet(1s);
    EXPECT_TRUE(watch.passed());
    EXPECT_FALSE(watch.by_console_only());
}

TEST_F(WatchTest, WhatALoaderPrintedIsNoSystem) {
    watch.ask_for_kernel();
    say("SeaBIOS (version 1.16)\r\n[    0.000000] Linux version 6.1\r\n", 1ms);
    say("lktest: userspace: ready\r\nhost login: ", 2ms).quiet(1s);
    EXPECT_FALSE(watch.passed());
    EXPECT_TRUE(watch.printed_by_loader().empty()) << "the kernel has not been looked for yet";
    watch.loader_runs();
    EXPECT_EQ(watch.printed_by_loader(), (std::vector<std::string>{"kernel", "ready", "login"}));
    watch.kernel_runs();
    EXPECT_EQ(watch.last_reached(), "kernel") << "earlier output proves nothing";
    say("\r\nlktest: userspace: ready\r\nhost login: ", 2s).quiet(3s);
    EXPECT_TRUE(watch.passed());
}

TEST_F(WatchTest, AStubThatSpeaksBeforeItsKernelRunsLosesNothing) {
    watch.ask_for_kernel();
    say("SeaBIOS (version 1.16)\r\n[    0.000000] Linux version 6.1\r\n", 1ms);
    watch.loader_runs();
    EXPECT_TRUE(watch.printed_by_loader().empty());
    watch.kernel_runs();
    EXPECT_EQ(watch.last_reached(), "kernel");
}

TEST_F(WatchTest, AfterAResetAKernelIsProvenAgain) {
    watch.ask_for_kernel();
    say("SeaBIOS (version 1.16)\r\n", 1ms);
    boot_to_kernel();
    watch.kernel_runs();
    watch.reset(10ms, "guest-reset");
    say("SeaBIOS (version 1.16)\r\n[    0.000000] Linux version 6.1\r\n", 11ms);
    EXPECT_EQ(watch.last_reached(), "firmware");
}

TEST_F(WatchTest, WhereNothingElseCanTellTheConsoleIsBelieved) {
    watch.ask_for_kernel();
    say("SeaBIOS (version 1.16)\r\n[    0.000000] Linux version 6.1\r\n", 1ms);
    watch.believe_console();
    EXPECT_EQ(watch.last_reached(), "kernel");
    EXPECT_TRUE(watch.by_console_only());
}

TEST_F(WatchTest, BelievesATentativeFailureWhenItIsToldTo) {
    say("failed to load \"Boot1\": Access Denied\r\n", 1s).quiet(10min);
    EXPECT_FALSE(watch.failure()) << "a silent guest may read its medium";
    watch.believe_suspect();
    EXPECT_EQ(watch.failure()->name, "refused");
    EXPECT_EQ(watch.failure()->at, 1s);
}

TEST_F(WatchTest, MeasuresPatienceByTheGuestsTime) {
    boot_to_kernel();
    say("lktest: userspace: ready\r\nhost login: ", 1s);
    watch.host_gave(1s, 0s);
    watch.host_gave(3s, 1900ms);
    watch.quiet(3s);
    EXPECT_FALSE(watch.passed()) << "the guest had a tenth of a second";
    EXPECT_GT(watch.decides_at(3s), 3s);
    watch.host_gave(4s, 1900ms);
    watch.quiet(4s);
    EXPECT_TRUE(watch.passed());
}

TEST_F(WatchTest, DoesNotTakeAKernelsSilenceForItsEnd) {
    boot_to_kernel();
    say(kernel("Initramfs unpacking failed: junk"), 1s).quiet(10min);
    EXPECT_FALSE(watch.failure());
    EXPECT_EQ(watch.suspect()->name, "unpack");
}

TEST_F(WatchTest, PrefersALaterStageToAnEarlierSuspicion) {
    say("failed to load \"Boot1\": Access Denied\r\ngrub> ", 1ms).quiet(1s);
    EXPECT_EQ(watch.failure()->name, "grub") << "another option was started";
}

TEST_F(WatchTest, LooksForNoLoaderWhenTheKernelHasSpoken) {
    boot_to_kernel();
    say("No bootable device\r\ngrub> ", 3ms).quiet(1min);
    EXPECT_FALSE(watch.failure());
}

TEST_F(WatchTest, BeginsAnewAtAReset) {
    boot_to_kernel();
    watch.reset(10ms, "guest-reset");
    EXPECT_EQ(watch.resets(), 1U);
    EXPECT_EQ(watch.waiting_for()->name, "firmware");
    EXPECT_EQ(watch.waiting_since(), 10ms);
    EXPECT_EQ(watch.last_reached(), "");
    say(kernel("Linux version 6.1"), 11ms);
    EXPECT_EQ(watch.last_reached(), "") << "the firmware comes first again";
    say("SeaBIOS (version 1)\r\n[    0.000000] Linux version 6.1\r\n", 12ms);
    EXPECT_EQ(events(),
              "reset  libvirt 10ms guest-reset\n"
              "milestone firmware serial 12ms SeaBIOS (version 1)\n"
              "milestone kernel serial 12ms [    0.000000] Linux version 6.1\n");
}

TEST_F(WatchTest, CountsWhatWasSaidAfterAResetThatIsToldOfLate) {
    boot_to_kernel();
    say("lktest: userspace: re", 5ms);
    say("SeaBIOS (version 1)\r\n[    0.000000] Linux ver", 15ms);
    watch.reset(10ms, "guest-reset");
    EXPECT_EQ(watch.last_reached(), "firmware");
    say("sion 6.1\r\n", 16ms);
    EXPECT_EQ(watch.last_reached(), "kernel");
    EXPECT_EQ(watch.last_lines(9),
              (std::vector<std::string>{"SeaBIOS (version 1)", "[    0.000000] Linux version 6.1",
                                        "lktest: userspace: reSeaBIOS (version 1)", "SeaBIOS (version 1)",
                                        "[    0.000000] Linux version 6.1"}));
}

TEST_F(WatchTest, DropsStaleBytesAtAReset) {
    boot_to_kernel();
    say("lktest: userspace: ", 5ms);
    watch.reset(10ms, "guest-reset");
    say("ready\r\nSeaBIOS (version 1)\r\n[    0.000000] Linux version 6.1\r\nready\r\n", 11ms);
    EXPECT_EQ(watch.last_reached(), "kernel");
}

TEST_F(WatchTest, KeepsTheFailureThatLedToAReset) {
    boot_to_kernel();
    say(kernel("Kernel panic - not syncing: gone"), 3ms);
    watch.reset(4ms, "guest-panic");
    EXPECT_EQ(watch.failure()->reason, "panic: gone");
}

TEST_F(WatchTest, WhatTheLoaderSaidStaysThoughTheKernelTalksAtLength) {
    say("SeaBIOS (version 1)\r\nerror: file `/boot/initrd.gon' not found.\r\n", 1ms);
    say(kernel("Linux version 6.1"), 2ms);
    for (int i = 0; i < 1000; ++i)
        say(kernel(fmt::format("record {}", i)), 3ms);
    const std::vector<std::string> lines = watch.last_lines(1000);
    EXPECT_EQ(lines.front(), "SeaBIOS (version 1)");
    EXPECT_EQ(lines[1], "error: file `/boot/initrd.gon' not found.");
    EXPECT_EQ(lines.back(), "[    1.234567] record 999");
    EXPECT_LT(lines.size(), 400u) << "a kernel's output is limited";
}

TEST_F(WatchTest, WaitsForTheHostsSideOfTheNetwork) {
    const Scenario network = parse_scenario("n.toml", R"(
[[milestone]]
name = "network"
pattern = 'address'
within = "5s"
network = {})");
    Watch pattern_first(BootCell{}, network, {});
    pattern_first.feed(Source::serial, "address 10.0.0.1\n", 1ms);
    EXPECT_FALSE(pattern_first.passed());
    pattern_first.network_checked(3ms, "answered");
    EXPECT_TRUE(pattern_first.passed());

    Watch check_first(BootCell{}, network, {});
    check_first.network_checked(1ms, "answered");
    EXPECT_FALSE(check_first.passed());
    check_first.reset(2ms, "guest-reset");
    check_first.feed(Source::serial, "address 10.0.0.1\n", 3ms);
    EXPECT_FALSE(check_first.passed()) << "the check was before the reset";
}

TEST_F(WatchTest, SkipsMilestonesOfOtherMachines) {
    const Scenario mixed = parse_scenario("m.toml", R"(
[[milestone]]
name = "bios"
firmware = "bios"
pattern = 'SeaBIOS'
within = "5s"
[[milestone]]
name = "kernel"
pattern = 'Linux'
within = "5s")");
    EXPECT_EQ(Watch(BootCell{.firmware = Firmware::bios}, mixed, {}).waiting_for()->name, "bios");
    EXPECT_EQ(Watch(BootCell{.firmware = Firmware::uefi}, mixed, {}).waiting_for()->name, "kernel");
}

TEST_F(WatchTest, KnowsAPrompt) {
    for (const std::string_view prompt :
         {"~ # ", "$ ", "debian login: ", "Password: ", "grub> ", "(initramfs) ",
          "boot: ", "Press any key to continue...", "Continue? [y/N] "})
        EXPECT_TRUE(looks_like_prompt(prompt)) << prompt;
    for (const std::string_view busy :
         {"", "Loading initrd...", "Probing EDD (edd=off to disable)... o", "50%"})
        EXPECT_FALSE(looks_like_prompt(busy)) << busy;
}

TEST_F(WatchTest, DoesWorkInProportionToAFlood) {
    const auto work = [this](std::string_view unit, std::size_t chunk) {
        Watch flooded(BootCell{.firmware = Firmware::bios}, scenario, catalogue);
        flooded.feed(Source::serial, "SeaBIOS (version 1)\r\n[    0.000000] Linux version 6\r\n", 0ms);
        std::string flood;
        while (flood.size() < 250'000)
            flood += unit;
        for (std::size_t at = 0; at < flood.size(); at += chunk)
            flooded.feed(Source::serial, std::string_view(flood).substr(at, chunk), microseconds(at));
        return flooded.bytes_matched();
    };
    // Each set of patterns is used at most once per byte, whatever the input looks like.
    for (const std::string_view unit :
         {"y\r\n", "x", "[    1.000000] spam\r\n", "grub> ", "\x1b[2Jy", "~ # "})
        for (const std::size_t chunk : {std::size_t{17}, std::size_t{65536}})
            EXPECT_LE(work(unit, chunk), 1'000'000U) << unit << " by " << chunk;
}

TEST_F(WatchTest, TheKernelsLogShowsWhatTheConsoleHides) {
    say("SeaBIOS (version 1)\r\n", 1ms);
    say("lktest: userspace: ready\r\n", 2ms);  // on the console, before the log was read
    EXPECT_EQ(watch.last_reached(), "firmware");
    watch.feed(Source::kernel_log, "[    0.000000] Linux version 6.1\n[    1.0", 3ms);
    EXPECT_EQ(watch.last_reached(), "ready");
    EXPECT_FALSE(watch.kernel_spoke()) << "not on the console";
    EXPECT_EQ(events(),
              "milestone firmware serial 1ms SeaBIOS (version 1)\n"
              "milestone kernel kernel-log 3ms [    0.000000] Linux version 6.1\n"
              "milestone ready serial 2ms lktest: userspace: ready\n");
    watch.feed(Source::kernel_log, "00000] Kernel panic - not syncing: oh\n[    1.000001] Call Trace:\n",
               4ms);
    ASSERT_TRUE(watch.failure());
    EXPECT_EQ(watch.failure()->source, Source::kernel_log);
    EXPECT_EQ(watch.failure()->evidence.size(), 2u);
    say("[    1.000000] Kernel panic - not syncing: oh\r\n", 5ms);
    EXPECT_TRUE(watch.kernel_spoke());
    EXPECT_FALSE(watch.shows_kernel_log()) << "a quiet kernel's console has the worst alone";
    say("[    0.000000] Linux version 6.1\r\n", 6ms);
    EXPECT_TRUE(watch.shows_kernel_log());
}

TEST_F(WatchTest, ADisplayShowsWhatTheSerialConsoleDoesNot) {
    say("SeaBIOS (version 1.16.2)\r\n[    0.000000] Linux version 6.1\r\nlktest: userspace: ready\r\n", 1s);
    watch.take_events();
    watch.show(Source::tty1, {"lktest: userspace: ready", "Debian 12 live tty1", "", "live lo", ""}, 5s);
    EXPECT_FALSE(watch.passed());
    watch.show(Source::tty1, {"Debian 12 live tty1", "", "live login:", ""}, 6s);
    EXPECT_TRUE(watch.passed());
    EXPECT_EQ(events(), "milestone login tty1 6000ms live login:\n");
    EXPECT_EQ(watch.last_lines(2), (std::vector<std::string>{"live lo", "live login:"}));
}

TEST_F(WatchTest, APromptOnADisplayIsAFailureOnlyWhenItStandsStill) {
    say("SeaBIOS (version 1.16.2)\r\n", 1s);
    watch.show(Source::display, {"Minimal BASH-like line editing", "grub>"}, 2s);
    EXPECT_FALSE(watch.failure());
    watch.show(Source::display, {"Minimal BASH-like line editing", "grub>"}, 3s);
    ASSERT_TRUE(watch.failure());
    EXPECT_EQ(watch.failure()->source, Source::display);
}

/// A boot with lktest's own milestones.
struct OwnBoot {
    Scenario scenario = parse_scenario("own.toml", R"(
until = "network"
[[milestone]]
name = "kernel"
pattern = '^Linux version \d'
within = "1s"
[[milestone]]
name = "root"
pattern = 'lktest: root: mounted'
within = "1s"
[[milestone]]
name = "userspace"
pattern = 'lktest: userspace: ready'
within = "1s"
[[milestone]]
name = "network"
pattern = 'lktest: network: address'
within = "1s"
)");
    std::vector<Failure> catalogue = parse_scenario("catalogue.toml", R"(
[[milestone]]
name = "none"
pattern = 'x'
within = "1s"
[[failure]]
name = "mount"
pattern = 'mounting \S+ on \S+ failed'
tentative = true
outcome = "initramfs-shell"
[[failure]]
name = "gave-up"
pattern = 'initramfs: FAILED'
outcome = "initramfs-shell"
[[failure]]
name = "panic"
kernel = true
pattern = 'Kernel panic'
outcome = "kernel-crash"
)")
                                         .failures;
    Watch watch{BootCell{.arch = Arch::x86_64, .firmware = Firmware::bios}, scenario, catalogue};

    explicit OwnBoot(const std::string& milestones) {
        watch.feed(Source::serial, "[    0.000000] Linux version 6.1\r\n", 1ms);
        watch.feed(Source::virtio, milestones, 2ms);
    }
    void say(const std::string& line) { watch.feed(Source::serial, line + "\r\n", 3ms); }
};

TEST(WatchStages, AnInitramfsCannotFailAfterItHandedOver) {
    OwnBoot before("");
    before.say("mount: mounting sys on /sys failed: Device or resource busy");
    EXPECT_TRUE(before.watch.suspect());
    OwnBoot mounted("lktest: root: mounted\n");
    mounted.say("mount: mounting sys on /sys failed: Device or resource busy");
    EXPECT_FALSE(mounted.watch.suspect()) << "the console came later than the port";
    mounted.say("lktest: initramfs: FAILED: the root has no /sbin/init");
    EXPECT_TRUE(mounted.watch.failure()) << "between the mount and the hand-over it can";
    OwnBoot running("lktest: root: mounted\nlktest: userspace: ready\n");
    running.say("lktest: initramfs: FAILED: quoted by a program");
    EXPECT_FALSE(running.watch.failure());
    running.say("[    9.000000] Kernel panic - not syncing: at any time");
    EXPECT_TRUE(running.watch.failure());
}

}  // namespace
}  // namespace lktest
