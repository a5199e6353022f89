// SPDX-License-Identifier: MIT
#include "harness/diagnose/causes.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "harness/console/failures.hpp"
#include "harness/diagnose/diagnosis.hpp"
#include "builder/tests/support/source_directory.hpp"

namespace lktest {
namespace {

const std::vector<Failure>& failures() {
    static const auto read = read_failures(source_directory() / "harness/console/failures.toml");
    return read;
}

const std::vector<Cause>& causes() {
    static const auto read = read_causes(source_directory() / "harness/diagnose/causes.toml");
    return read;
}

MediumFinding finding(std::string id) {
    return {.id = std::move(id), .text = "it is so"};
}

/// The ids of the causes of a boot that said `lines`, the likeliest first.
std::vector<std::string> ranked(std::vector<std::string> lines, std::vector<MediumFinding> medium = {},
                                Arch arch = Arch::x86_64, std::string silence = {}) {
    std::vector<std::string> ids;
    for (const RankedCause& cause : rank_causes({.arch = arch,
                                    .lines = std::move(lines),
                                    .silence = std::move(silence),
                                    .medium = std::move(medium)},
                                                causes(), failures()))
        ids.push_back(cause.id);
    return ids;
}

std::string first(const std::vector<std::string>& ids) {
    return ids.empty() ? "-" : ids.front();
}

TEST(Causes, AreManyAndEachNamesWhatExists) {
    EXPECT_GE(causes().size(), 60U);
    std::set<std::string> ids, known;
    for (const Failure& failure : failures())
        known.insert(failure.name);
    for (const Cause& cause : causes()) {
        EXPECT_TRUE(ids.insert(cause.id).second) << cause.id;
        for (const std::string& name : cause.failures)
            EXPECT_TRUE(known.contains(name)) << cause.id << ": " << name;
        EXPECT_FALSE(cause.failures.empty() && cause.patterns.empty() && cause.findings.empty() &&
                     cause.silences.empty() && cause.signs.empty())
            << cause.id;
    }
}

TEST(Causes, NameEveryStageOfABoot) {
    for (const char* stage : {"firmware", "secure-boot", "boot-loader", "kernel", "initramfs", "userspace"})
        EXPECT_GE(std::ranges::count(causes(), stage, &Cause::stage), 5) << stage;
}

TEST(Causes, TheFirstErrorOfAChainExplainsTheOthers) {
    EXPECT_EQ(ranked({"error: can't find command `linuxefi'.", "error: you need to load the kernel first.",
                      "Failed to boot both default and fallback entries."}),
              (std::vector<std::string>{"grub-command-of-x86", "grub-no-kernel-loaded"}));
    EXPECT_EQ(first(ranked({"[    1.000000] Initramfs unpacking failed: read error",
                            "[    1.100000] Failed to execute /init (error -26)",
                            "[    1.200000] Kernel panic - not syncing: No working init found."})),
              "initramfs-truncated");
}

TEST(Causes, TheMediumConfirmsOneOfThem) {
    const std::vector<std::string> refused{"[    1.000000] Failed to execute /init (error -2)"};
    EXPECT_EQ(first(ranked(refused, {finding("init-carriage-return")})), "init-with-carriage-returns");
    EXPECT_EQ(first(ranked(refused, {finding("init-interpreter-missing")})), "init-interpreter-missing");

    const std::vector<std::string> shell{
        "BdsDxe: failed to load Boot0001 \"UEFI QEMU CD-ROM \" from PciRoot(0x0): Not Found", "Shell> "};
    EXPECT_EQ(first(ranked(shell)), "efi-nothing-startable");
    EXPECT_EQ(first(ranked(shell, {finding("efi-machine")})), "efi-loader-of-another-architecture");
    EXPECT_EQ(first(ranked(shell, {finding("no-uefi-entry")})), "no-efi-entry");
}

TEST(Causes, TheSeedsTwo) {
    EXPECT_EQ(ranked({"[    0.000000] Linux version 6.1.0 (x) #1",
                      "[    2.000000] Failed to execute /init (error -8)",
                      "[    2.100000] Kernel panic - not syncing: No working init found."},
                     {finding("initramfs-elf-machine")}, Arch::aarch64, "kernel-console-not-on-serial"),
              (std::vector<std::string>{"initramfs-of-another-architecture", "no-working-init",
                                        "console-elsewhere"}));
    EXPECT_EQ(ranked({"[    0.000000] Linux version 6.1.0 (x) #1"}, {}, Arch::aarch64,
                     "kernel-console-not-on-serial"),
              std::vector<std::string>{"console-elsewhere"});
}

TEST(Causes, ASilentLoaderIsExplainedByTheMediumAlone) {
    EXPECT_EQ(ranked({"Welcome to GRUB!"}, {finding("kernel-machine")}, Arch::aarch64),
              std::vector<std::string>{"grub-returns-to-menu"});
    EXPECT_EQ(
        ranked({"[    0.000000] Linux version 6.1.0 (x) #1"}, {finding("kernel-machine")}, Arch::aarch64),
        std::vector<std::string>{});
}

TEST(Causes, WhatIsWrongOnTheMediumWhereABootEndedExplainsItBeforeAnyLine) {
    const auto at = [](std::string stage) {
        return rank_causes({.arch = Arch::aarch64,
                            .stage = std::move(stage),
                            .lines = {"UEFI firmware (version  built at 13:10:49 on Nov  5 2024)"},
                            .silence = {},
                            .medium = {finding("efi-not-a-program")}},
                           causes(), failures());
    };
    ASSERT_EQ(at("firmware").size(), 1U);
    EXPECT_EQ(at("firmware").front().id, "efi-loader-damaged");
    EXPECT_TRUE(at("boot-loader").empty()) << "the firmware has started it";
}

TEST(Causes, NoInitrdIsToldFromAnInitrdWithoutInit) {
    const std::string panic =
        "[    2.000000] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)";
    EXPECT_EQ(first(ranked({"[    0.000000] Linux version 6.1.0 (x) #1", panic})), "no-initrd");
    const std::vector<std::string> unpacked{"[    1.000000] Trying to unpack rootfs image as initramfs...",
                                            panic};
    EXPECT_EQ(first(ranked(unpacked, {finding("init-missing")})), "init-missing");
    EXPECT_EQ(first(ranked(unpacked)), "init-missing");
    EXPECT_EQ(
        first(ranked({"[    1.000000] Trying to unpack rootfs image as initramfs...",
                      "[    1.100000] VFS: Cannot open root device \"sda1\" or unknown-block(0,0): error -6",
                      panic})),
        "root-device-unknown");
}

TEST(Causes, WhatFirmwareSaidIsForgottenOnceAKernelRuns) {
    EXPECT_EQ(ranked({"BdsDxe: failed to load Boot0001 \"UEFI Misc \" from PciRoot(0x0): Not Found",
                      "[    0.000000] Linux version 6.1.0 (x) #1"}),
              std::vector<std::string>{});
}

TEST(Causes, WhatALoaderSaidOfTheInitrdCountsWhenAKernelMissesIt) {
    const std::vector<std::string> lines{"error: file `/boot/initrd.gone' not found.",
                                         "[    0.000000] Linux version 6.1.0 (x) #1",
                                         "[    2.000000] Kernel panic - not syncing: VFS: Unable to mount "
                                         "root fs on unknown-block(0,0)"};
    EXPECT_EQ(first(ranked(lines, {finding("initrd-missing")})), "grub-initrd-missing");
    EXPECT_EQ(first(ranked(lines)), "no-initrd");
}

TEST(Causes, AnInitrdTooBigForTheMemoryComesBeforeThePanicOfItsAbsence) {
    EXPECT_EQ(first(ranked({"error: ../../grub-core/loader/i386/linux.c:1113:the initrd is too big.",
                            "[    0.000000] Linux version 6.1.0 (x) #1",
                            "[    1.335881] Kernel panic - not syncing: VFS: Unable to mount root fs on "
                            "unknown-block(0,0)"})),
              "kernel-without-memory");
}

TEST(Causes, WhatOneFirmwareLacksIsNoCauseUnderAnother) {
    const auto under = [](Firmware firmware) {
        std::vector<std::string> ids;
        for (const RankedCause& cause : rank_causes({.firmware = firmware,
                                        .stage = "firmware",
                                        .lines = {},
                                        .silence = {},
                                        .medium = {finding("no-bios-entry"), finding("no-uefi-entry")}},
                                                    causes(), failures()))
            ids.push_back(cause.id);
        return ids;
    };
    EXPECT_EQ(under(Firmware::bios), std::vector<std::string>{"no-bios-boot-record"});
    EXPECT_EQ(under(Firmware::uefi), std::vector<std::string>{"no-efi-entry"});
    EXPECT_EQ(under(Firmware::uefi_secure), std::vector<std::string>{"no-efi-entry"});
}

TEST(Causes, TheModuleThatTheMediumLacksIsTheOneThatIsMissed) {
    const std::vector<std::string> lines{
        "[    0.000000] Linux version 6.1.0 (x) #1",
        "lktest: initramfs: FAILED: no medium with the label LIVE within 90 s: plug it in elsewhere"};
    const auto lacks = [](std::string text) {
        return std::vector<MediumFinding>{{.id = "initramfs-module-missing", .text = std::move(text)}};
    };
    EXPECT_EQ(first(ranked(lines, lacks("/initrd lacks the module isofs, and the kernel has none"))),
              "iso9660-missing");
    EXPECT_NE(first(ranked(lines, lacks("/initrd lacks the module loop, and the kernel has none"))),
              "iso9660-missing");
}

TEST(Causes, WhatNoLineSaysRanksBehindWhatOneSays) {
    const auto ids = [](std::vector<std::string> lines) {
        std::vector<std::string> found;
        for (const RankedCause& cause : rank_causes({.arch = Arch::x86_64,
                                        .lines = std::move(lines),
                                        .silence = {},
                                        .signs = {{"init-waits", "it sleeps"}},
                                        .medium = {}},
                                                    causes(), failures()))
            found.push_back(cause.id);
        return found;
    };
    EXPECT_EQ(ids({"[    0.000000] Linux version 6.1.0 (x) #1"}), std::vector<std::string>{"init-waits"});
    EXPECT_EQ(first(ids({"switch_root: can't execute '/sbin/init': No such file or directory"})),
              "switch-root-without-init");
}

TEST(Causes, TellWhetherTheMediumIsWorthLookingAt) {
    const auto tells = [](const std::vector<std::string>& lines) {
        return medium_can_tell(
            rank_causes({.arch = Arch::x86_64, .lines = lines, .silence = {}, .medium = {}}, causes(),
                        failures()),
            causes());
    };
    EXPECT_TRUE(tells({"[    1.000000] Failed to execute /init (error -8)"}));
    EXPECT_TRUE(tells({"Welcome to GRUB!"}));
    EXPECT_FALSE(tells({"[    1.000000] Oops: 0002 [#1] SMP"}));
}

TEST(Causes, AreTheLastWordOfAVerdict) {
    Diagnosis diagnosis;
    Verdict verdict{
        .outcome = Outcome::kernel_crash, .reason = "it failed", .evidence = {"line"}, .hint = "h"};
    explain(verdict, diagnosis, {});
    EXPECT_EQ(verdict.reason, "it failed");
    explain(verdict, diagnosis,
            {{.id = "x",
              .stage = "kernel",
              .cause = "a thing is wrong",
              .fix = "mend it",
              .source = "s",
              .evidence = {"line", "on the medium: so it is"},
              .confirmed = true}});
    EXPECT_EQ(verdict.reason, "it failed. Most likely: a thing is wrong");
    EXPECT_EQ(verdict.evidence, (std::vector<std::string>{"line", "on the medium: so it is"}));
    EXPECT_EQ(verdict.hint, "mend it");
}

}  // namespace
}  // namespace lktest
