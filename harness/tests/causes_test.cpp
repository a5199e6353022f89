// SPDX-License-Identifier: MIT
#include "harness/diagnose/causes.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "builder/tests/support/source_directory.hpp"
#include "harness/console/failures.hpp"
#include "harness/diagnose/diagnosis.hpp"

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

/// The ids of the causes for a boot with this console output, the likeliest first.
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
                     cause.silences.empty() && cause.signs.empty() && cause.last.empty() &&
                     cause.required.empty())
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
    EXPECT_EQ(
        ranked(
            {"[    0.000000] Linux version 6.1.0 (x) #1", "[    2.000000] Failed to execute /init (error -8)",
             "[    2.100000] Kernel panic - not syncing: No working init found."},
            {finding("initramfs-elf-machine")}, Arch::aarch64, "kernel-console-not-on-serial"),
        (std::vector<std::string>{"initramfs-of-another-architecture", "no-working-init", "console-hidden"}));
    EXPECT_EQ(ranked({"[    0.000000] Linux version 6.1.0 (x) #1"}, {}, Arch::aarch64,
                     "kernel-console-not-on-serial"),
              std::vector<std::string>{"console-hidden"});
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

/// The causes for a boot in the initramfs of x86_64 with this console output and these measurements.
std::vector<RankedCause> in_initramfs(std::vector<std::string> lines, Facts facts,
                                      std::vector<Sign> signs = {}, std::vector<MediumFinding> medium = {},
                                      bool inspected = false) {
    return rank_causes({.arch = Arch::x86_64,
                        .stage = "initramfs",
                        .lines = std::move(lines),
                        .silence = {},
                        .signs = std::move(signs),
                        .medium = std::move(medium),
                        .inspected = inspected,
                        .facts = std::move(facts)},
                       causes(), failures());
}

std::string first(const std::vector<RankedCause>& ranked) {
    return ranked.empty() ? "-" : ranked.front().id;
}

bool stands(const std::vector<RankedCause>& ranked, std::string_view id) {
    return std::ranges::find(ranked, id, &RankedCause::id) != ranked.end();
}

const std::string booted = "[    0.000000] Linux version 6.1.0 (x) #1";
const std::string ended_with_127 =
    "[    3.000000] Kernel panic - not syncing: Attempted to kill init! exitcode=0x00007f00";

TEST(Causes, AFactDecidesBetweenThem) {
    const std::vector<std::string> lines{booted, "Unable to find a medium containing a live file system"};
    Facts unseen, seen;
    unseen.add("medium-seen", false, "the kernel's log does not name the CD drive");
    unseen.words["driver"] = "sr_mod and cdrom";
    seen.add("medium-seen", true, "the kernel's log names the CD drive");
    const auto ranked = in_initramfs(lines, unseen);
    ASSERT_EQ(first(ranked), "medium-driver-missing");
    EXPECT_EQ(ranked.front().fix, "add to the modules of the initramfs: sr_mod and cdrom");
    EXPECT_TRUE(ranked.front().confirmed);
    EXPECT_EQ(ranked.front().evidence.back(), "measured: the kernel's log does not name the CD drive");
    EXPECT_FALSE(stands(in_initramfs(lines, seen), "medium-driver-missing")) << "refuted";
    EXPECT_FALSE(stands(in_initramfs(lines, {}), "medium-driver-missing")) << "not measured";
}

TEST(Causes, AnInitramfsThatLooksForItsMediumWithoutAWordMissesTheDriver) {
    const std::vector<std::string> lines{booted, "Begin: Running /scripts/live-premount ... done."};
    const std::vector<Sign> waits{{"init-waits", "it sleeps"}};
    Facts unseen, seen;
    unseen.add("medium-seen", false, "the kernel's log does not name the CD drive");
    seen.add("medium-seen", true, "the kernel's log names the CD drive");
    EXPECT_EQ(first(in_initramfs(lines, unseen, waits)), "medium-driver-missing");
    EXPECT_EQ(first(in_initramfs(lines, seen, waits)), "init-waits");
    EXPECT_EQ(first(in_initramfs({booted, "my own init"}, unseen, waits)), "init-waits");
}

TEST(Causes, WhatInspectNeverMissesIsRefutedByItsSilence) {
    const std::vector<std::string> lines{booted, "[    1.000000] Initramfs unpacking failed: read error"};
    EXPECT_TRUE(stands(in_initramfs(lines, {}), "initramfs-truncated"));
    EXPECT_FALSE(stands(in_initramfs(lines, {}, {}, {}, true), "initramfs-truncated"));
    EXPECT_TRUE(
        stands(in_initramfs(lines, {}, {}, {finding("initramfs-unreadable")}, true), "initramfs-truncated"));
}

TEST(Causes, TheFindingReplacesTheGuessInReasonAndFix) {
    const auto ranked = in_initramfs(
        {booted, "dracut-initqueue[1]: timeout, still waiting for following initqueue hooks:"}, {}, {},
        {{"label-mismatch", "grub.cfg:3 looks for 'A', and this is 'B'.", "Write 'B'."}}, true);
    ASSERT_EQ(first(ranked), "medium-label-wrong");
    EXPECT_NE(ranked.front().cause.find("grub.cfg:3 looks for 'A', and this is 'B'"), std::string::npos);
    EXPECT_EQ(ranked.front().fix, "Write 'B'.");
}

TEST(Causes, TheLineBeforeThePanicTellsWhyInitEndedWith127) {
    const auto cause = [](const std::string& line) {
        return in_initramfs({booted, line, ended_with_127}, {});
    };
    EXPECT_EQ(first(cause("/init: line 2: frobnicate: not found")), "init-command-not-found");
    EXPECT_NE(cause("/init: line 2: frobnicate: not found").front().cause.find("frobnicate"),
              std::string::npos);
    EXPECT_EQ(first(cause("/init: CPU ISA level is lower than required")), "program-wants-newer-cpu");
    EXPECT_EQ(first(cause("FATAL: kernel too old")), "libc-wants-newer-kernel");
    EXPECT_EQ(
        first(cause("/init: error while loading shared libraries: libfoo.so.1: cannot open shared object "
                    "file: No such file or directory")),
        "shared-library-missing");
    EXPECT_EQ(first(cause("mounting everything")), "init-ended-with-127");
}

TEST(Causes, AComplaintLongBeforeTheEndIsNoEvidence) {
    std::vector<std::string> lines{booted, "sh: frobnicate: not found"};
    lines.insert(lines.end(), 20, "all is well");
    EXPECT_FALSE(stands(in_initramfs(lines, {}), "init-command-not-found"));
}

TEST(Causes, AComplaintThatNoCauseKnowsIsQuotedBeforeInitWaits) {
    Facts facts;
    facts.words["last-words"] = "gizmod: cannot tune the flux: Invalid argument";
    facts.add("kernel-ran", true, "its log is in memory");
    const auto ranked =
        in_initramfs({booted, facts.words["last-words"]}, facts, {{"init-waits", "it sleeps"}});
    ASSERT_EQ(first(ranked), "program-complains");
    EXPECT_NE(ranked.front().cause.find("cannot tune the flux"), std::string::npos);
    EXPECT_TRUE(stands(ranked, "init-waits"));
}

TEST(Causes, AnErrorOnTheMediumDecidesWhereTheLinesAreVague) {
    const std::vector<std::string> lines{
        booted, "[    1.800000] Trying to unpack rootfs image as initramfs...",
        "[    1.900000] Initramfs unpacking failed: invalid magic at start of compressed archive",
        "[    3.000000] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)"};
    EXPECT_EQ(first(ranked(lines, {finding("initramfs-lz4-frame")})), "initramfs-unreadable");
    EXPECT_EQ(first(ranked({"error: invalid magic number."}, {finding("kernel-packed")})),
              "grub-kernel-refused");
}

TEST(Causes, AnErrorOnTheMediumOutranksALineThatNothingConfirms) {
    const auto with = [](bool is_error) {
        MediumFinding image = finding("live-image-missing");
        image.is_error = is_error;
        Facts facts;
        facts.add("label-named", false, "the command line names no label");
        return first(in_initramfs({booted, "Unable to find a medium containing a live file system"}, facts,
                                  {}, {image}, true));
    };
    EXPECT_EQ(with(true), "live-data-missing");
    EXPECT_EQ(with(false), "live-medium-not-found") << "a warning may be harmless";
}

TEST(Causes, SayWhetherAnotherBootCouldEndDifferently) {
    const std::vector<std::string> lines{booted, "Unable to find a medium containing a live file system"};
    MediumFinding image = finding("live-image-missing");
    const auto on_medium = [&](bool is_error) {
        image.is_error = is_error;
        const auto causes = in_initramfs(lines, {}, {}, {image}, true);
        Diagnosis diagnosis;
        Verdict verdict{.outcome = Outcome::initramfs_shell};
        explain(verdict, diagnosis, causes);
        return verdict.on_medium;
    };
    EXPECT_TRUE(on_medium(true));
    EXPECT_FALSE(on_medium(false)) << "a warning may be harmless";
    Diagnosis diagnosis;
    Verdict verdict{.outcome = Outcome::initramfs_shell};
    explain(verdict, diagnosis, in_initramfs(lines, {}));
    EXPECT_FALSE(verdict.on_medium) << "the medium was not inspected";
}

TEST(Causes, WithQuietTheKernelsFirstLineIsItsDeath) {
    const std::vector<std::string> console{"boot: ", "/init: CPU ISA level is lower than required",
                                           ended_with_127};
    CauseEvidence evidence{.stage = "initramfs", .lines = console, .silence = {}, .medium = {}};
    evidence.console_lines = console.size();
    evidence.lines.push_back(booted);  // the log in memory
    evidence.lines.push_back(ended_with_127);
    EXPECT_EQ(first(rank_causes(evidence, causes(), failures())), "program-wants-newer-cpu");
}

TEST(Causes, AParameterThatWasGivenDecides) {
    const auto with = [](const std::string& parameter, std::vector<std::string> lines) {
        CauseEvidence evidence{
            .arch = Arch::aarch64, .stage = "kernel", .lines = std::move(lines), .silence = {}, .medium = {}};
        if (!parameter.empty())
            evidence.facts.add("parameter " + parameter, true, "the command line says so");
        return rank_causes(evidence, causes(), failures());
    };
    const std::vector<std::string> aborted{
        booted, "[    0.000000] Internal error: synchronous external abort: 0000000096000050 [#1] SMP",
        "[    0.000000] pc : dw8250_early_write+0x24/0x80",
        "[    0.000000] Kernel panic - not syncing: Attempted to kill the idle task!"};
    EXPECT_EQ(first(with("earlycon", aborted)), "earlycon-wrong");
    EXPECT_EQ(first(with("", aborted)), "no-device-at-address");
    const std::vector<std::string> blind{
        booted, "[    0.000000] Kernel panic - not syncing: No interrupt controller found."};
    EXPECT_EQ(first(with("acpi=off", blind)), "hardware-description-switched-off");
    const auto without = with("", blind);
    ASSERT_EQ(first(without), "kernel-panicked");
    EXPECT_NE(without.front().cause.find("No interrupt controller found"), std::string::npos);
}

TEST(Causes, NoSuchDeviceIsAboutTheFileSystemsModule) {
    Facts unseen;
    unseen.add("medium-seen", false, "the kernel's log does not name the CD drive");
    const auto ranked = in_initramfs(
        {booted, "mount: mounting /dev/disk/by-partlabel/system on /mnt failed: No such device"}, unseen);
    EXPECT_EQ(first(ranked), "file-system-unknown") << "and not the medium's driver";
}

TEST(Causes, LiveMediaLeadsLiveBootToAnotherDevice) {
    const std::vector<std::string> lines{booted, "Unable to find a medium containing a live file system"};
    Facts facts;
    facts.add("medium-seen", true, "the kernel's log names the CD drive");
    EXPECT_NE(first(in_initramfs(lines, facts)), "live-media-restricted");
    facts.add("parameter live-media", true, "the command line says so");
    EXPECT_EQ(first(in_initramfs(lines, facts)), "live-media-restricted");
}

TEST(Causes, AnAppendedRdinitIsKnownWithoutAFindingOnTheMedium) {
    const std::vector<std::string> lines{
        "[    0.000000] Linux version 6.1.0 (x) #1",
        "[    0.500000] Trying to unpack rootfs image as initramfs...",
        "[    2.400000] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(1,0)"};
    Facts facts;
    facts.add("initrd-given", true, "the kernel's log shows an initrd");
    EXPECT_FALSE(stands(in_initramfs(lines, facts, {}, {}, true), "rdinit-missing"));
    facts.add("parameter rdinit", true, "the kernel's command line says 'rdinit=/absent'");
    EXPECT_EQ(first(in_initramfs(lines, facts, {}, {}, true)), "rdinit-missing");
}

TEST(Causes, AModuleWithoutSignatureIsNotAMissingDriver) {
    Facts unseen;
    unseen.add("medium-seen", false, "the kernel's log does not name the CD drive");
    const auto ranked =
        in_initramfs({booted, "insmod: can't insert '/m/cdrom.ko': Required key not available",
                      "mount: mounting /dev/sr0 on /cd failed: No such file or directory"},
                     unseen);
    EXPECT_EQ(first(ranked), "module-signature-refused");
    EXPECT_FALSE(stands(ranked, "medium-driver-missing"));
}

TEST(Causes, AnInitWithoutItsLoaderIsToldFromAMissingInit) {
    const std::vector<std::string> lines{booted,
                                         "run-init: can't execute '/sbin/init': No such file or directory"};
    EXPECT_EQ(first(in_initramfs(lines, {}, {}, {}, true)), "switch-root-without-init");
    EXPECT_EQ(first(in_initramfs(lines, {}, {}, {finding("root-init-interpreter-missing")}, true)),
              "root-interpreter-missing");
}

TEST(Causes, AModuleOfGrubIsNotAKernel) {
    const std::vector<std::string> lines{"error: file `/grub/arm64-efi/fdt.mod' not found."};
    const auto ranked =
        rank_causes({.arch = Arch::aarch64, .lines = lines, .silence = {}, .medium = {}, .inspected = true},
                    causes(), failures());
    ASSERT_EQ(first(ranked), "grub-module-missing");
    EXPECT_NE(ranked.front().cause.find("fdt"), std::string::npos);
    EXPECT_FALSE(stands(ranked, "grub-kernel-missing"));
    EXPECT_FALSE(stands(ranked, "grub-file-missing"));
}

TEST(Causes, NameTheVolumeThatIsMissing) {
    const auto cause = [](const std::string& line) {
        const auto ranked = in_initramfs({booted, line}, {});
        return ranked.empty() ? RankedCause{} : ranked.front();
    };
    const auto names = [&cause](const std::string& line, std::string_view id, std::string_view name) {
        const RankedCause found = cause(line);
        return found.id == id && found.cause.find(name) != std::string::npos;
    };
    EXPECT_TRUE(names("ALERT!  /dev/mapper/blue-root does not exist.  Dropping to a shell!",
                      "root-on-mapped-volume", "/dev/mapper/blue-root"));
    EXPECT_TRUE(
        names("ALERT!  /dev/md7 does not exist.  Dropping to a shell!", "root-on-mapped-volume", "/dev/md7"));
    EXPECT_TRUE(
        names("ALERT!  UUID=0b1c does not exist.  Dropping to a shell!", "root-name-unknown", "UUID=0b1c"));
    EXPECT_TRUE(names("ERROR: device 'PARTUUID=77-01' not found. Skipping fsck.", "root-name-unknown",
                      "PARTUUID=77-01"));
    EXPECT_TRUE(
        names("[    4.100000] VFS: Can't find ext4 filesystem", "root-of-another-file-system", "ext4"));
    EXPECT_TRUE(
        names("ALERT!  /dev/vdb9 does not exist.  Dropping to a shell!", "root-device-missing", "/dev/vdb9"));
    Facts facts;
    facts.add("label-named", false, "the command line names no label");
    EXPECT_EQ(first(in_initramfs({booted, "Gave up waiting for root file system device.  Common problems:",
                                  "ALERT!  UUID=0b1c does not exist.  Dropping to a shell!"},
                                 facts, {}, {}, true)),
              "root-name-unknown")
        << "the line that names it explains more";
}

TEST(Causes, OfSystemdsEmergencyNameItsUnit) {
    const auto ranked = [](std::vector<std::string> lines) {
        lines.insert(lines.begin(), booted);
        lines.emplace_back("You are in emergency mode. After logging in, type \"journalctl -xb\".");
        CauseEvidence evidence{.stage = "userspace", .lines = std::move(lines), .silence = {}, .medium = {}};
        evidence.inspected = true;
        evidence.facts.add("label-agrees", true, "the volume has the label of the command line");
        return rank_causes(evidence, causes(), failures());
    };
    const auto device = ranked({"[ TIME ] Timed out waiting for device /dev/disk/by-label/POOL."});
    EXPECT_EQ(first(device), "systemd-device-timeout");
    const auto mount = ranked({"[FAILED] Failed to mount /mnt/pool."});
    ASSERT_EQ(first(mount), "systemd-mount-failed");
    EXPECT_NE(mount.front().cause.find("/mnt/pool"), std::string::npos);
    EXPECT_EQ(first(ranked({"[FAILED] Failed to start File System Check on /dev/vdc1."})),
              "systemd-check-failed");
    EXPECT_EQ(first(ranked({})), "systemd-emergency");
}

TEST(Causes, OfInitsThatCannotStartAnything) {
    EXPECT_EQ(first(in_initramfs({booted, "can't open /dev/ttyS7: No such file or directory"}, {})),
              "login-on-missing-terminal");
    EXPECT_EQ(first(in_initramfs({booted, "[!!!!!!] Failed to load SELinux policy."}, {})),
              "selinux-policy-missing");
}

TEST(Causes, AFileThatUBootMisses) {
    const auto ranked = rank_causes({.arch = Arch::aarch64,
                                     .lines = {"** File not found /live/Image **", "=> "},
                                     .silence = {},
                                     .medium = {}},
                                    causes(), failures());
    ASSERT_EQ(first(ranked), "u-boot-file-missing");
    EXPECT_NE(ranked.front().cause.find("/live/Image"), std::string::npos);
}

TEST(Causes, ADeathOutranksARemark) {
    const std::vector<std::string> died{
        booted, "[    2.000000] Kernel panic - not syncing: words that no cause knows"};
    const auto ranked = rank_causes({.arch = Arch::aarch64,
                                     .stage = "kernel",
                                     .lines = died,
                                     .silence = "kernel-console-not-on-serial",
                                     .medium = {}},
                                    causes(), failures());
    ASSERT_EQ(ranked.size(), 2U);
    EXPECT_EQ(ranked.front().id, "kernel-panicked");
    EXPECT_EQ(ranked.back().id, "console-hidden");
}

TEST(Causes, AnErrorOnTheMediumIsACandidateAlthoughTheKernelHasSpoken) {
    const auto ranked =
        in_initramfs({booted}, {}, {{"init-waits", "it sleeps"}}, {finding("label-mismatch")}, true);
    EXPECT_EQ(first(ranked), "medium-label-wrong");
    const auto unknown =
        in_initramfs({booted}, {}, {{"init-waits", "it sleeps"}}, {finding("a-new-rule")}, true);
    EXPECT_TRUE(stands(unknown, "medium-a-new-rule"));
    EXPECT_EQ(first(unknown), "init-waits");
}

TEST(Causes, AWaitForADeviceFollowsFromWhatTheMediumLacks) {
    const std::vector<std::string> lines{
        booted, "[    **] (1 of 2) Job dev-mapper-frob.device/start running (21s / 50min)",
        "         Starting frob.service - the frob hook..."};
    const std::vector<Sign> waits{{"init-waits", "it sleeps"}};
    EXPECT_EQ(first(in_initramfs(lines, {}, waits, {finding("label-mismatch")}, true)), "medium-label-wrong");
    EXPECT_EQ(first(in_initramfs(lines, {}, waits)), "systemd-device-timeout");
}

TEST(Causes, WhatTheBootGotPastIsNotTheFirstCause) {
    const auto ranked =
        in_initramfs({booted}, {}, {{"init-waits", "it sleeps"}}, {finding("kernel-damaged")}, true);
    EXPECT_EQ(first(ranked), "init-waits");
}

TEST(Causes, WhatALoaderSaidLastsWhenTheKernelMissesItsInitrd) {
    const std::vector<std::string> lines{
        "error: out of memory.", booted,
        "[    2.000000] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)"};
    Facts without, with;
    without.add("kernel-ran", true, "its log is in memory");
    without.add("initrd-given", false, "the kernel's log does not mention an initrd");
    with.add("initrd-given", true, "the kernel's log says so");
    EXPECT_EQ(first(in_initramfs(lines, without)), "grub-out-of-memory");
    EXPECT_FALSE(stands(in_initramfs(lines, with), "grub-out-of-memory"));
}

TEST(Causes, AnotherLabelThanTheMediumsIsWhatInitWaitsFor) {
    Facts facts;
    facts.add("label-is-another", true, "it spoke of OLD, and the medium's is NEW");
    facts.words["wanted"] = "OLD";
    facts.words["label"] = "NEW";
    const auto ranked = in_initramfs({booted, "waiting for OLD"}, facts, {{"init-waits", "it sleeps"}});
    ASSERT_EQ(first(ranked), "waits-for-label");
    EXPECT_NE(ranked.front().fix.find("-volid 'OLD'"), std::string::npos);
    EXPECT_FALSE(stands(in_initramfs({booted}, {}, {{"init-waits", "it sleeps"}}), "waits-for-label"));
    facts.add("medium-seen", false, "the kernel's log does not name the CD drive");
    EXPECT_EQ(
        first(in_initramfs({booted, "Searching for the boot medium"}, facts, {{"init-waits", "it sleeps"}})),
        "waits-for-label");
}

TEST(Causes, FixesNameTheSerialPortOfTheMachineOnly) {
    for (const Cause& cause : causes())
        for (const std::string& text : {cause.cause, cause.fix}) {
            EXPECT_EQ(text.find("ttyAMA0"), std::string::npos) << cause.id;
            EXPECT_EQ(text.find("ttyS0"), std::string::npos) << cause.id;
        }
}

TEST(Causes, SlotsAreFilledWithWhatIsKnown) {
    const std::map<std::string, std::string, std::less<>> words{{"serial", "ttyS0"}, {"empty", ""}};
    EXPECT_EQ(with_words("console={serial}, {absent|none}, {empty|still none}{absent}", words),
              "console=ttyS0, none, still none");
    EXPECT_EQ(with_words("an open {serial", words), "an open {serial");
}

TEST(Causes, LastWordsAreThoseOfAProgram) {
    EXPECT_EQ(last_words({"waiting for /dev/x to appear......", "....", "[    9.000000] usb 1-1: new device",
                          "~ # "}),
              "waiting for /dev/x to appear");
    EXPECT_EQ(last_words({"[    9.000000] usb 1-1: new device"}), "");
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

std::string explained(std::string reason, std::string cause, std::string detail = "") {
    Diagnosis diagnosis;
    Verdict verdict{
        .outcome = Outcome::kernel_crash, .reason = std::move(reason), .evidence = {}, .hint = {}};
    explain(verdict, diagnosis,
            {{.id = "x",
              .stage = "kernel",
              .cause = cause + (detail.empty() ? "" : ": " + detail),
              .fix = "f",
              .source = "s",
              .evidence = {},
              .confirmed = true,
              .detail = detail}});
    return verdict.reason;
}

TEST(Causes, DoNotRepeatTheReason) {
    EXPECT_EQ(explained("the guest ran out of memory", "the guest ran out of memory"),
              "the guest ran out of memory");
    EXPECT_EQ(explained("the kernel could not unpack itself",
                        "the kernel could not unpack itself: its file is damaged"),
              "the kernel could not unpack itself. Most likely: its file is damaged");
    EXPECT_EQ(explained("GRUB says: no such device: X.", "its root device is wrong: 'no such device: X.'"),
              "GRUB says: no such device: X. Most likely: its root device is wrong");
}

TEST(Causes, ThatTheMediumShowsAreNamedInFourLines) {
    const std::string reason = "the programs are for another architecture: the kernel cannot execute them";
    const std::string general =
        "the programs of the initramfs are for another architecture: the kernel "
        "cannot execute /init or its interpreter (busybox, ld.so)";
    EXPECT_EQ(explained(reason, general, "The file /bin/busybox is for x86_64"),
              reason +
                  ". Most likely: the kernel cannot execute /init or its interpreter (busybox, ld.so): "
                  "the file /bin/busybox is for x86_64");
    const std::string file = "/boot/initrd.img has programs for x86_64 (/bin/busybox, /bin/mount, /bin/ls)";
    EXPECT_EQ(explained(reason, general, file + ": they fail with " + std::string(90, 'x')),
              reason + ". Most likely: " + file);
}

TEST(Causes, ComeBeforeSilenceAndReplaceTheStateOfALongReason) {
    const std::string silent = "the kernel's messages do not reach the serial console";
    Diagnosis diagnosis;
    diagnosis.summary = "the kernel 6.1 is running and has started the initramfs";
    diagnosis.stage = BootStage::initramfs;
    diagnosis.silence = Silence{"kernel-console-silent", silent, "f"};
    const auto reason_with = [&](std::string_view id, std::string cause) {
        Verdict verdict{.outcome = Outcome::silent, .reason = "no activity", .evidence = {}, .hint = {}};
        extend(verdict, diagnosis);
        explain(verdict, diagnosis,
                {{.id = std::string(id),
                  .stage = "initramfs",
                  .cause = std::move(cause),
                  .fix = "f",
                  .source = "s",
                  .evidence = {},
                  .confirmed = false}});
        return verdict.reason;
    };
    const std::string state = ". The kernel 6.1 is running and has started the initramfs";
    const std::string console = ". The kernel's messages do not reach the serial console";
    EXPECT_EQ(reason_with("init-waits", "/init waits"),
              "no activity" + state + ". Most likely: /init waits" + console);
    EXPECT_EQ(reason_with("console-hidden", "it is elsewhere"),
              "no activity" + state + ". Most likely: it is elsewhere");
    const std::string long_cause(150, 'x');
    EXPECT_EQ(reason_with("init-waits", long_cause), "no activity. Most likely: " + long_cause + console);
}

}  // namespace
}  // namespace lktest
