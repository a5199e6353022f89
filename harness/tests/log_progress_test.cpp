// SPDX-License-Identifier: MIT
// How the end of a saved log and its later lines change the meaning of earlier ones.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "builder/tests/support/source_directory.hpp"
#include "harness/console/check_log.hpp"
#include "harness/console/failures.hpp"
#include "harness/console/log_rules.hpp"

namespace lktest {
namespace {

CheckedLog check_lines(std::string_view bytes) {
    static const std::vector<Failure> failures =
        read_failures(source_directory() / "harness/console/failures.toml");
    static const LogWords words = read_log_words(source_directory() / "harness/console/saved_log.toml");
    static const LogRules rules(failures, words);
    return check_log(bytes, rules, words);
}

/// "kind@line" of each finding that counts.
std::string counted(const CheckedLog& log) {
    std::vector<std::string> found;
    for (const LogFinding& finding : log.findings)
        if (!finding.warning)
            found.push_back(fmt::format("{}@{}", finding.kind, finding.line));
    return fmt::format("{}", fmt::join(found, " "));
}

std::string counted(std::string_view bytes) {
    return counted(check_lines(bytes));
}

constexpr std::string_view kernel = "[    0.000000] Linux version 6.6.0 (me@here) #1 SMP\n";

TEST(LogProgress, AnExcerptMayBeginInTheMiddleOfTheInitramfs) {
    const std::string begin = "[  OK  ] Reached target Basic System.\n";
    EXPECT_EQ(check_lines(begin).stage(), "userspace");
    EXPECT_EQ(check_lines(begin + "[  OK  ] Stopped dracut initqueue hook.\n").stage(), "initramfs");
    EXPECT_EQ(check_lines(begin + "[DEPEND] Dependency failed for /sysroot.\n").stage(), "initramfs");
    EXPECT_EQ(check_lines(begin + "here login: \n[  OK  ] Stopped dracut initqueue hook.\n").stage(),
              "userspace");
    EXPECT_EQ(check_lines("[  9.0] systemd[1]: Switching root.\n" + begin +
                          "[  OK  ] Stopped dracut initqueue hook.\n")
                  .stage(),
              "userspace");
}

TEST(LogProgress, WhatTheInitramfsDidNotClearCountsAgain) {
    const std::string failed = "ERROR: Failed to mount '/dev/frob' on real root\n";
    const std::string seemed_well = failed + "[  OK  ] Reached target Basic System.\n";
    EXPECT_EQ(counted(seemed_well), "");
    EXPECT_EQ(counted(seemed_well + "[  OK  ] Stopped dracut pre-mount hook.\n"), "root-mount-failed@1");
}

TEST(LogProgress, AShellOfTheInitramfsIsForgottenOnceTheSystemIsInUse) {
    const std::string shell =
        std::string(kernel) + "ALERT!  /dev/frob does not exist.  Dropping to a shell!\n";
    const std::string userspace = shell + "Welcome to Frob Linux!\n";
    EXPECT_EQ(counted(userspace), counted(shell)) << "a shell may start anything";
    EXPECT_NE(counted(userspace), "");
    EXPECT_EQ(counted(userspace + "frob login: \n"), "") << "the system was repaired by hand";
}

TEST(LogProgress, ALoaderThatStartsTheKernelHasSurvivedItsOtherDevices) {
    const std::string loader = "U-Boot 2031.01\n** Unrecognized filesystem type **\n";
    EXPECT_EQ(counted(loader), "u-boot-no-boot-device@2");
    EXPECT_EQ(counted(loader + "Starting kernel ...\n" + std::string(kernel)), "");
    EXPECT_EQ(counted("U-Boot SPL 2031.01\nspl: not an uImage at 99\nU-Boot 2031.01\n"), "");
    EXPECT_EQ(counted("U-Boot 2031.01\n** Unable to read file frob.dtb **\nStarting kernel ...\n\n"),
              "u-boot-file-not-found@2")
        << "the kernel is started without it";
}

TEST(LogProgress, AnEmptySlotIsForgottenWhenTheLoaderReadsFromAnother) {
    const std::string begin = "U-Boot 2031.01\nMMC: no card present\n";
    EXPECT_EQ(counted(begin), "u-boot-no-card@2");
    EXPECT_EQ(counted(begin + "mmc1(part 0) is current device\n"), "");
    EXPECT_EQ(counted("** No partition table - frob 0 **\nmmc1 is current device\n"),
              "u-boot-no-boot-device@1")
        << "a medium without a system is more than an empty slot";
    EXPECT_EQ(counted("** Unrecognized filesystem type **\n99 bytes read in 9 ms\n"), "");
    EXPECT_EQ(counted("U-Boot SPL 2031.01\nCard did not respond to voltage select!\nspl: mmc init failed\n"
                      "Trying to boot from FROB\nJumping to U-Boot(0x1)\n"),
              "");
}

TEST(LogProgress, ALoaderThatGreetsAgainWasReset) {
    const std::string loader = "U-Boot 2031.01 (Jan 01 2031)\nDRAM: 1 GiB\n";
    const std::string first = "U-Boot SPL 2031.01 (Jan 01 2031)\nDRAM: 1 GiB\n";
    EXPECT_EQ(counted(loader + loader), "unexpected-reboot@3");
    EXPECT_EQ(counted(loader + "=> reset\nresetting ...\n" + loader), "");
    EXPECT_EQ(counted(first + first + loader), "") << "two kinds of processors";
    EXPECT_EQ(counted(first + first + first), "unexpected-reboot@5");
}

TEST(LogProgress, AMachineThatKeepsRestartingItselfIsNeverInUse) {
    const std::string boot = std::string(kernel) + "[    9.000000] reboot: Restarting system\n";
    EXPECT_EQ(counted(boot + boot), "") << "an installation restarts once";
    EXPECT_EQ(counted(boot + boot + std::string(kernel)), "reboot-loop@5");
    const std::string used = std::string(kernel) + "here login: \n[   99.000000] reboot: Restarting system\n";
    EXPECT_EQ(counted(used + used + used), "");
}

TEST(LogProgress, AComplaintCountsIfTheLogEndsAfterIt) {
    const std::string begin = std::string(kernel) + "[    2.000000] Run /init as init process\n";
    const std::string complaint = "frobinit: cannot find the frob partition\n";
    EXPECT_EQ(counted(begin + complaint), "ends-with-a-complaint@3");
    EXPECT_EQ(counted(begin + complaint + "[    3.000000] usb 1-1: new device\n"), "ends-with-a-complaint@3")
        << "what the kernel says is not progress";
    EXPECT_EQ(counted(begin + complaint + "a\nb\nc\nd\ne\nf\ng\n"), "") << "the initramfs continued";
    EXPECT_EQ(counted(begin + complaint + "Welcome to Frob Linux!\n"), "");
    EXPECT_EQ(counted(begin + "frobinit: cannot find the frob partition, continuing without it\n"), "");
    EXPECT_EQ(counted(begin + "INIT: version 3.06 booting\n" + complaint + "Halting...\n"),
              "ends-with-a-complaint@4")
        << "a program stops the machine";
}

TEST(LogProgress, AShellWithoutATerminalIsNotAComplaint) {
    EXPECT_EQ(counted(std::string(kernel) + "/bin/sh: can't access tty; job control turned off\n/ # \n"), "");
}

TEST(LogProgress, AWaitCountsIfNothingFollows) {
    const std::string wait = "U-Boot 2031.01\nWaiting for the frob device\n";
    EXPECT_EQ(counted(wait), "ends-while-waiting@2");
    EXPECT_EQ(counted(wait + "frob found\n"), "");
    EXPECT_EQ(counted(wait + "Waiting for the frob device\n"), "ends-while-waiting@3");
}

TEST(LogProgress, AKernelThatSaysNothingIsAFailure) {
    for (const std::string_view start :
         {"Starting kernel ...\n", "Uncompressing Linux... done, booting the kernel.\n",
          "EFI stub: Exiting boot services...\n", "Now booting linux kernel:\n Base address 0x1 Entry 0x2\n",
          "[  130.000000000,5] INIT: Starting kernel at 0x2, fdt at 0x3\n"}) {
        const std::string loader = "U-Boot 2031.01\n" + std::string(start);
        const CheckedLog silent = check_lines(loader + "\n");
        EXPECT_TRUE(counted(silent).starts_with("kernel-silent@")) << start << counted(silent);
        EXPECT_EQ(counted(loader + std::string(kernel)), "") << start;
        EXPECT_EQ(counted(loader + "Starting frobd: OK\n"), "") << "a quiet kernel" << start;
    }
}

TEST(LogProgress, TrustedFirmwareThatContinuesHasSurvivedItsError) {
    const std::string error = "ERROR:   Failed to obtain reference to image id=26 (-2)\n";
    EXPECT_EQ(counted("NOTICE:  BL2: v2.9\n" + error), "trusted-firmware-error@2");
    EXPECT_EQ(counted("NOTICE:  BL2: v2.9\n" + error + "NOTICE:  BL31: v2.9\n"), "");
    EXPECT_EQ(counted(error + "INFO:    BL31: Preparing for EL3 exit to normal world\n"), "");
    EXPECT_EQ(counted(error + "\nU-Boot 2031.01\n"), "");
    EXPECT_EQ(counted("NOTICE:  BL2: v2.9\nPANIC at PC : 0x1\n"), "trusted-firmware-failed@2");
}

TEST(LogProgress, AnExcerptWithoutAStageMustComplainOfAPartOfABoot) {
    const std::string complaint = "frobinit: cannot find the frob partition\n";
    EXPECT_EQ(counted("hello\n" + complaint), "ends-with-a-complaint@2");
    EXPECT_EQ(counted("frobinit: cannot find the frob\n"), "");
    std::string other;
    for (int i = 0; i < 40; ++i)
        other += "frob\n";
    EXPECT_EQ(counted(other + complaint), "") << "a log of something else";
}

TEST(LogProgress, ReadsQuotesAsEditorsMakeThem) {
    EXPECT_EQ(counted("ERROR: \u2018/dev/frob\u2019 device did not show up after 30 seconds\n"),
              "live-medium-not-found@1");
    EXPECT_EQ(counted("ERROR:\u00a0device \u201cUUID=1\u201d not found. Skipping fsck\n"),
              "root-device-not-found@1");
}

TEST(LogProgress, ReadsCodeAsPagesShowIt) {
    EXPECT_EQ(counted("`ERROR: '/dev/frob' device did not show up after 30 seconds`\n"),
              "live-medium-not-found@1");
    EXPECT_EQ(counted("- \"error: no such device: FROB.\"\n`grub rescue> `\n"), "grub-error@1 grub-rescue@2");
    EXPECT_EQ(counted("&gt; ERROR: device &quot;UUID=1&quot; not found. Skipping fsck\n"),
              "root-device-not-found@1");
    EXPECT_EQ(counted("(2)[1:init]Kernel panic - not syncing: frob\n"), "kernel-panic@1");
}

TEST(LogProgress, AMissingFileSystemIsForgottenOnceAllThatMatterAreMounted) {
    const std::string failed = std::string(kernel) + "[DEPEND] Dependency failed for /frob.\n";
    EXPECT_EQ(counted(failed), "systemd-mount-failed@2");
    EXPECT_EQ(counted(failed + "[  OK  ] Reached target Local File Systems (Pre).\n"),
              "systemd-mount-failed@2");
    EXPECT_EQ(counted(failed + "[  OK  ] Reached target Local File Systems.\n"), "");
    EXPECT_EQ(counted(failed + "[  OK  ] Reached target local-fs.target - Local File Systems.\n"), "");
}

TEST(LogProgress, ARootDeviceThatWasMountedHasAppeared) {
    const std::string waits = std::string(kernel) + "[    1.000000] Waiting for root device /dev/frob1...\n";
    EXPECT_EQ(counted(waits), "root-device-awaited@2");
    EXPECT_EQ(counted(waits + "[    2.000000] EXT4-fs (frob1): mounted filesystem with ordered data mode.\n"),
              "");
    EXPECT_EQ(counted(waits + "[    2.000000] VFS: Mounted root (ext4 filesystem) on device 1:1.\n"), "");
}

TEST(LogProgress, ReadsGrubWithoutItsPrefix) {
    EXPECT_EQ(counted("no such device: 01234567-89ab-cdef.\nUnknown filesystem.\n"),
              "grub-error-quoted@1 grub-error-quoted@2");
    EXPECT_EQ(counted("GRUB loading, please wait...\nError 17\n"), "grub-legacy-failed@2");
    EXPECT_EQ(counted("   Minimal BASH-like line editing is supported. For the\n   first word\n"),
              "grub-prompt@1");
    EXPECT_FALSE(
        counted("frob: no such device: it is not here\nunknown filesystem type frob\n").starts_with("grub"));
}

TEST(LogProgress, ReadsTheStagesOfBoards) {
    for (const auto& [line, stage] : std::vector<std::pair<std::string, std::string>>{
             {"[   37.055486611,5] OPAL v6.2 starting...", "firmware"},
             {"NOTICE:  Booting Trusted Firmware", "firmware"},
             {"FMAP: area COREBOOT found @ 20200 (1965568 bytes)", "firmware"},
             {"============= Intel Slim Bootloader STAGE1A =============", "firmware"},
             {"Domain0 Next Address      : 0x0000000080200000", "firmware"},
             {"SLOF ****************************************", "firmware"},
             {"U-Boot 1.1.4 (Mar 31 2009 - 19:26:21)", "boot-loader"},
             {"Frob U-Boot 2011.03 - 430854", "boot-loader"},
             {"DRAM:  32 MB", "boot-loader"},
             {"Autobooting in 1 seconds", "boot-loader"},
             {"CFE version 1.0.37-5.11 for BCM96328 (32bit,SP,BE)", "boot-loader"},
             {"RedBoot(tm) bootstrap and debug environment [ROMRAM]", "boot-loader"},
             {"Welcome to yaboot version 1.3.13", "boot-loader"},
             {"m1n1 v1.2.4", "boot-loader"},
             {":: Starting frob daemon    [BUSY]    [DONE]", "userspace"},
             {"Starting frob services:      [  OK  ]", "userspace"},
             {"[ ok ] Starting frob services: frobd.", "userspace"},
             {"         Mounting Huge Pages File System...", "userspace"},
             {"=> Mounting pseudo-filesystems...", "userspace"},
             {"Going multiuser...", "userspace"},
             {"starting pid 577, tty '': '/etc/init.d/rcS'", "userspace"},
         })
        EXPECT_EQ(check_lines(line + "\n").stage(), stage) << line;
}

TEST(LogProgress, ReadsXensTimes) {
    for (const std::string_view stamp : {"", "[    9.000000] ", "[2031-01-01 00:00:00] "}) {
        const CheckedLog log =
            check_lines(fmt::format("(XEN) {0}Frob 4.99\n(XEN) {0}Panic on CPU 0:\n", stamp));
        EXPECT_EQ(counted(log), "xen-panic@2") << stamp;
    }
}

TEST(LogProgress, TheRestOfAReportCountsIfNothingElseFailed) {
    const std::string rest = "[    2.000000] RIP: 0010:frob+0x1/0x2\n[    2.000001] Call Trace:\n";
    EXPECT_EQ(counted(rest), "kernel-dump@1");
    EXPECT_EQ(counted("[    1.000000] Kernel panic - not syncing: frob\n" + rest), "kernel-panic@1");
    EXPECT_EQ(counted(rest + "[    2.000002] ---[ end Kernel panic - not syncing: frob ]---\n"),
              "kernel-panic@3")
        << "its last line names it";
    std::string before;
    for (int i = 0; i < 20; ++i)
        before += "[    1.000000] frob: hello\n";
    EXPECT_EQ(counted(before + rest), "") << "its headline would be in the log";
}

TEST(LogProgress, WritersOfUserspaceAreNotOfTheInitramfs) {
    EXPECT_EQ(
        check_lines("Jan  1 00:00:00 here kernel: frob\nJan  1 00:00:01 here chronyd[9]: frob\n").stage(),
        "userspace");
    EXPECT_EQ(check_lines("Welcome to Grub!\n").stage(), "boot-loader");
    EXPECT_EQ(check_lines("=> Frob failed, starting emergency shell\n").stage(), "userspace");
}

TEST(LogProgress, APanicOverProcessOneIsOfTheProgramThatRan) {
    const std::string panic =
        "[    5.000000] Kernel panic - not syncing: Attempted to kill init! exitcode=0x1\n";
    EXPECT_EQ(check_lines(std::string(kernel) + panic).stage(), "kernel");
    EXPECT_EQ(check_lines(std::string(kernel) + "frob: it was me\n" + panic).stage(), "initramfs");
    EXPECT_EQ(check_lines(std::string(kernel) + "[    2.000000] VFS: Mounted root (frobfs filesystem).\n" +
                          "frob: it was me\n" + panic)
                  .stage(),
              "userspace");
    EXPECT_EQ(check_lines(panic + "[    5.000001] CPU: 0 PID: 1 Comm: run-init Not tainted 6.1.0\n").stage(),
              "initramfs");
    EXPECT_EQ(counted("[    1.000000] Kernel panic - Requested init /frob failed (error -13).\n"),
              "init-not-executable@1");
}

}  // namespace
}  // namespace lktest
