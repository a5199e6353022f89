// SPDX-License-Identifier: MIT
#include "harness/console/check_log.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "builder/base/file.hpp"
#include "builder/tests/support/source_directory.hpp"
#include "harness/console/failures.hpp"
#include "harness/console/line_reader.hpp"
#include "harness/console/saved_log.hpp"

namespace lktest {
namespace {

const LogWords& log_words() {
    static const LogWords words = read_log_words(source_directory() / "harness/console/saved_log.toml");
    return words;
}

CheckedLog check(std::string_view bytes) {
    static const LogRules rules(read_failures(source_directory() / "harness/console/failures.toml"),
                                log_words());
    return check_log(bytes, rules, log_words());
}

/// "kind@line" for each finding; warnings are in brackets.
std::string summary(const CheckedLog& log) {
    std::vector<std::string> found;
    for (const LogFinding& finding : log.findings)
        found.push_back(
            fmt::format(fmt::runtime(finding.warning ? "({}@{})" : "{}@{}"), finding.kind, finding.line));
    return fmt::format("{}", fmt::join(found, " "));
}

std::string summary(std::string_view bytes) {
    return summary(check(bytes));
}

/// An oops as an arm64 kernel prints it.
constexpr std::string_view oops =
    "[    1.100000] Unable to handle kernel NULL pointer dereference at virtual address 0000000000000010\n"
    "[    1.100001] Mem abort info:\n"
    "[    1.100002]   ESR = 0x0000000096000004\n"
    "[    1.100003] Internal error: Oops: 0000000096000004 [#1] SMP\n"
    "[    1.100004] Modules linked in: frob\n"
    "[    1.100005] CPU: 0 PID: 1 Comm: init Not tainted 6.1.0 #1\n"
    "[    1.100006] pc : frob_init+0x10/0x40 [frob]\n"
    "[    1.100007] Call trace:\n"
    "[    1.100008]  frob_init+0x10/0x40 [frob]\n"
    "[    1.100009] ---[ end trace 0000000000000000 ]---\n";

/// For every keeper, and for every beginning of the line.
TEST(SavedLog, CutsALineThatHasNoEnd) {
    const std::string endless(3 * LineReader::longest_line, 'x');
    for (const std::string_view prefix : {"", "[    1.000000] ", "Nov 23 15:00:01 host kernel: ",
                                          "2026-11-23T15:00:01Z host app[1]: ", "{"}) {
        std::size_t bytes = 0;
        read_saved_log(std::string(prefix) + endless + "\n" + std::string(prefix) + "end\n", log_words(),
                       [&bytes](const SavedLine& line) {
                           EXPECT_LE(line.text.size(), LineReader::longest_line);
                           bytes += line.text.size();
                       });
        EXPECT_GE(bytes, endless.size()) << prefix;
    }
}

TEST(SavedLog, IsReadInUtf16OfBothByteOrders) {
    constexpr std::string_view text = "[    1.000000] Kernel panic - not syncing: x\n";
    std::string little = "\xff\xfe", big = "\xfe\xff";
    for (const char c : text) {
        little += {c, '\0'};
        big += {'\0', c};
    }
    EXPECT_EQ(summary(text), "kernel-panic@1");
    EXPECT_EQ(summary(little), summary(text));
    EXPECT_EQ(summary(big), summary(text));
}

TEST(SavedLog, JoinsTheLinesThatATerminalCut) {
    std::string log;
    const auto add = [&log](std::string line) {
        while (line.size() > 80) {
            log += line.substr(0, 80) + "\r\n";
            line.erase(0, 80);
        }
        log += line + "\r\n";
    };
    for (int i = 0; i < 4; ++i)
        add("[    1.000000] frob: this line has more characters than the terminal has columns, so it was "
            "cut");
    EXPECT_EQ(summary(log), "");
    add("[    2.000000] Run /init as init process");
    add("/init: nothing works here today, which is a pity for us, so I am dropping to a shell!");
    EXPECT_EQ(summary(log), "initramfs-shell@10");
    std::string box;
    for (int i = 0; i < 9; ++i)
        box += "[  OK  ] Reached a target whose name is as long as the terminal has columns, ok?\n";
    EXPECT_EQ(check(box + "[FAILED] Failed to mount /frob.\n").findings.size(), 1U)
        << "systemd shortens lines";
    const std::string longer = log + "[    3.000000] " + std::string(90, 'x') + "\n";
    EXPECT_EQ(summary(longer), "") << "80 columns were not the limit";
}

TEST(CheckLog, ShowsAReportWholeAndOnce) {
    const std::string before = "[    1.000000] frob: hello\n", after = "[    1.200000] frob: goodbye\n";
    const CheckedLog log = check(before + std::string(oops) + after);
    EXPECT_EQ(summary(log), "kernel-page-fault@2");
    ASSERT_EQ(log.findings[0].lines.size(), 10U);
    EXPECT_EQ(log.findings[0].lines.back(), "[    1.100009] ---[ end trace 0000000000000000 ]---");
    EXPECT_EQ(log.findings[0].reason,
              "the kernel crashed: Unable to handle kernel NULL pointer dereference at virtual address "
              "0000000000000010");
}

TEST(CheckLog, CountsWhatComesLaterForItself) {
    EXPECT_EQ(summary(std::string(oops) + "[    1.300000] Kernel panic - not syncing: Fatal exception\n"),
              "kernel-page-fault@1 kernel-panic@11");
}

TEST(CheckLog, BeginsAReportAtItsFence) {
    const CheckedLog log = check(
        "[    2.000000] ------------[ cut here ]------------\n"
        "[    2.000001] refcount_t: underflow; use-after-free.\n"
        "[    2.000002] WARNING: CPU: 0 PID: 9 at lib/refcount.c:28 refcount_warn_saturate+0x1/0x2\n"
        "[    2.000003] CPU: 0 PID: 9 Comm: sh Not tainted\n"
        "[    2.000004] ---[ end trace 0000000000000000 ]---\n"
        "[    3.000000] ==================================================================\n"
        "[    3.000001] BUG: KASAN: slab-use-after-free in frob+0x1/0x2\n"
        "[    3.000002] Read of size 8 at addr ffff888100000000 by task sh/9\n"
        "[    3.000003]\n"
        "[    3.000004] CPU: 0 PID: 9 Comm: sh Not tainted\n"
        "[    3.000005] ==================================================================\n"
        "[    3.000006] Disabling lock debugging due to kernel taint\n");
    EXPECT_EQ(summary(log), "refcount@2 kasan@7");
    EXPECT_EQ(log.findings[0].lines.size(), 5U);
    EXPECT_EQ(log.findings[1].lines.size(), 6U);
}

TEST(CheckLog, TellsTwoProcessorsApartThatReportAtOnce) {
    const CheckedLog log = check(
        "[    2.000000][    T1] WARNING: CPU: 0 PID: 1 at a.c:1 a+0x1/0x2\n"
        "[    2.000001][    C1] BUG: KASAN: null-ptr-deref in b+0x1/0x2\n"
        "[    2.000002][    T1]  of_the_first+0x1/0x2\n");
    EXPECT_EQ(summary(log), "kernel-warning@1 kasan@2");
}

TEST(CheckLog, ReadsEveryKeepersFormat) {
    const std::string words = "BUG: kernel NULL pointer dereference, address: 0000000000000010";
    for (const std::string& prefix : std::vector<std::string>{
             "[    1.000000] ",
             "<1>[    1.000000] ",
             "[    1.000000][    T1] ",
             "\x1b[0m[    1.000000] ",
             "Nov 25 16:14:20 box kernel: ",
             "Nov 25 16:14:20 box kernel: [    1.000000] ",
             "2026-11-25T16:14:20.123456+00:00 box kernel: [    1.000000] ",
             "[Wed Nov 25 16:14:20 2026] ",
             "kern  :alert : [    1.000000] ",
             "1,339,1000000,-;",
             "[    9.000000] box kernel: ",
             "2026-11-25T16:14:20.123Z [    1.000000] ",
             "[    5.000000] [    1.000000] ",
             "[2026-11-25 16:14:20] [    1.000000] ",
         }) {
        for (const std::string_view newline : {"\n", "\r\n"})
            EXPECT_EQ(summary(prefix + words + std::string(newline)), "kernel-page-fault@1") << prefix;
    }
}

TEST(CheckLog, ReadsTheStampsOfPhotographs) {
    for (const std::string_view stamp :
         {"[    1.0000001 ", "[    1.000000) ", "(    1.000000] ", "l 1.000000l "}) {
        const std::string log =
            "[    0.900000] frob: hello\n" + std::string(stamp) + "Kernel panic - not syncing: frob\n";
        EXPECT_EQ(summary(log), "kernel-panic@2") << stamp;
    }
}

TEST(CheckLog, TakesNoProgramForTheKernel) {
    EXPECT_EQ(summary("[    1.000000] Linux version 6.1.0 (x) #1 SMP\n"
                      "BUG: KASAN: is what this program tests\n"
                      "Kernel panic - not syncing: a quotation\n"
                      "[    2.000000] frob[12]: BUG: this is its own\n"),
              "");
    EXPECT_EQ(summary("Nov 25 16:14:20 box kernel: usb 1-1: new device\n"
                      "Nov 25 16:14:20 box app[12]: BUG: unable to handle it\n"),
              "");
}

TEST(CheckLog, BelievesAReportWithoutPrefixesWhenADumpFollows) {
    EXPECT_EQ(summary("BUG: unable to handle page fault for address: ffff\n"
                      "CPU: 0 PID: 1 Comm: init Not tainted\nRIP: 0010:frob+0x1/0x2\nCall Trace:\n"),
              "kernel-page-fault@1");
    EXPECT_EQ(summary("BUG: unable to handle your request\nplease call again\n"), "");
}

TEST(CheckLog, HoldsSoftLockupsAgainstRealMachinesOnly) {
    const std::string lockup = "[   44.000000] watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [sh:1]\n";
    const std::string emulated = "[    0.000000] DMI: QEMU Standard PC (Q35 + ICH9, 2009)\n";
    EXPECT_EQ(summary(lockup), "soft-lockup@1");
    EXPECT_EQ(summary(emulated + lockup), "(soft-lockup@2)");
    EXPECT_EQ(summary(emulated + "[    0.000000] Hypervisor detected: KVM\n" + lockup), "soft-lockup@3");
}

TEST(CheckLog, SeesAMachineThatBootsAgainUnasked) {
    const std::string boot = "[    0.000000] Linux version 6.1.0 (x) #1 SMP\n[    1.000000] working\n";
    EXPECT_EQ(summary(boot + boot), "unexpected-reboot@3");
    EXPECT_EQ(summary(boot + "SeaBIOS (version 1.16)\n" + boot), "unexpected-reboot@3");
    EXPECT_EQ(summary(boot + "[    2.000000] reboot: Restarting system\n" + boot), "");
    // A console that starts late repeats the log.
    EXPECT_EQ(summary(boot + "[    0.500000] printk: console [ttyS0] enabled\n" + boot), "");
}

TEST(CheckLog, ForgivesALoaderWhoseKernelRunsAfterAll) {
    const std::string loader = "Welcome to GRUB!\nerror: file `/boot/extra.cfg' not found.\n";
    EXPECT_EQ(summary(loader), "grub-file-not-found@2");
    EXPECT_EQ(summary(loader + "[    0.000000] Linux version 6.1.0 (x) #1 SMP\n"), "(grub-file-not-found@2)");
}

TEST(CheckLog, ForgivesASlowMachineThatContinuesButNotACrash) {
    const std::string start = "[    1.000000] Run /init as init process\n", login = "box login: \n";
    const std::string stall = "[   60.000000] rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:\n";
    EXPECT_EQ(summary(start + stall), "rcu-stall@2");
    EXPECT_EQ(summary(start + stall + login), "(rcu-stall@2)");
    EXPECT_EQ(summary(start + login + stall), "rcu-stall@3") << "nothing shows that it continues";
    const std::string crash = summary(start + std::string(oops));
    EXPECT_EQ(summary(start + std::string(oops) + login), crash);
}

TEST(CheckLog, SaysHowFarTheBootCameThatFailed) {
    EXPECT_EQ(check("SeaBIOS (version 1.16)\n").stage(), "firmware");
    EXPECT_EQ(check("Welcome to GRUB!\n").stage(), "boot-loader");
    EXPECT_EQ(check("[    0.000000] Linux version 6.1.0 (x) #1\n").stage(), "kernel");
    EXPECT_EQ(check("[    2.000000] Run /init as init process\n").stage(), "initramfs");
    EXPECT_EQ(check("box login: ").stage(), "userspace");
    EXPECT_EQ(check("nothing of the kind\n").stage(), "");
}

TEST(CheckLog, MeetsThePromptThatTheLogEndsWith) {
    EXPECT_EQ(summary("error: no such device: X.\ngrub rescue> "), "grub-error@1 grub-rescue@2");
    EXPECT_EQ(summary("[    1.000000] BdsDxe: loading\n[    9.000000] Shell> \n"), "uefi-shell@2");
}

TEST(CheckLog, FindsNothingWrongInCleanBoots) {
    for (const char* name : {"x86_64-bios.raw", "x86_64-uefi.raw", "aarch64-uefi.raw"}) {
        const CheckedLog log = check(read_file(source_directory() / "golden/console" / name));
        EXPECT_EQ(summary(log), "") << name;
        EXPECT_EQ(log.stage(), "userspace") << name;
        EXPECT_EQ(log.stages.size(), 1U) << name;
        EXPECT_TRUE(log.emulated) << name;
    }
}

TEST(CheckLog, TakesAnyBytes) {
    std::string bytes;
    for (unsigned i = 0; i < 65536; ++i)
        bytes += static_cast<char>((i * 2654435761U) >> 13);
    EXPECT_GT(check(bytes).lines, 0U);
    EXPECT_EQ(check("").lines, 0U);
    EXPECT_EQ(check("\n\r\n[\n[    1.000000]").findings.size(), 0U);
}

}  // namespace
}  // namespace lktest
