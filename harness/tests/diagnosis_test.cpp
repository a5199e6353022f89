// SPDX-License-Identifier: MIT
#include "harness/diagnose/diagnosis.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "builder/tests/support/source_directory.hpp"
#include "harness/console/failures.hpp"
#include "harness/console/last_boot.hpp"
#include "harness/scenario/parse.hpp"

namespace lktest {
namespace {

constexpr std::uint64_t kernel = 0xffff'ffff'8000'0000;

/// A guest whose kernel printed these lines, and which is now idle.
class DiagnosisTest : public testing::Test {
protected:
    void said(std::initializer_list<std::string_view> texts) {
        seen_.log_found = true;
        seen_.kernel = "6.1.0-56-amd64";
        for (const std::string_view text : texts)
            seen_.log.push_back({.sequence = seen_.log.size(),
                                 .time = std::chrono::seconds(seen_.log.size()),
                                 .level = 6,
                                 .text = std::string(text)});
    }
    void cpu(CpuState state) { seen_.samples.assign(8, {state}); }
    Diagnosis diagnosis() const { return diagnose(seen_, cell_, scenario_, catalogue_); }

    Examination seen_;
    BootCell cell_{.scenario = "boot", .image = {"x", "x.iso"}};
    Scenario scenario_ =
        parse_scenario("t.toml", "[[milestone]]\nname = 'kernel'\npattern = 'Linux version'\nwithin = '9s'");
    std::vector<Failure> catalogue_ = read_failures(source_directory() / "harness/console/failures.toml");
};

TEST_F(DiagnosisTest, NamesTheInitOfAnotherArchitectureAndTheConsoleThatHidIt) {
    said({"Linux version 6.1", "Kernel command line: BOOT_IMAGE=/vmlinuz console=tty0 quiet",
          "Run /init as init process", "Failed to execute /init (error -8)", "Run /bin/sh as init process"});
    cpu({.pc = kernel, .halted = true});
    const Diagnosis said = diagnosis();
    EXPECT_EQ(said.stage, BootStage::kernel);
    EXPECT_EQ(said.summary,
              "the kernel 6.1.0-56-amd64 is running, but could not start /init; now it is idle: it is "
              "waiting for something");
    EXPECT_EQ(said.cause, "init-of-another-architecture");
    EXPECT_EQ(said.outcome, Outcome::kernel_crash);
    EXPECT_EQ(said.proof.front(), "[    3.000000] Failed to execute /init (error -8)");
    ASSERT_TRUE(said.silence);
    EXPECT_EQ(said.silence->reason, "the kernel's messages do not reach the serial console (console=tty0)");
    EXPECT_NE(said.silence->fix.find("console=ttyS0"), std::string::npos) << said.silence->fix;
}

TEST_F(DiagnosisTest, AKernelThatGoesOnUnseenHasItsConsoleElsewhere) {
    said({"Linux version 6.1", "Kernel command line: console=tty0", "Run /init as init process"});
    const Diagnosis said = diagnosis();
    EXPECT_EQ(said.stage, BootStage::initramfs);
    EXPECT_EQ(said.cause, "kernel-console-not-on-serial");
    EXPECT_EQ(said.outcome, Outcome::passed) << "it is not a separate failure";
}

TEST_F(DiagnosisTest, AKernelThatWasSeenMayHideItsPrograms) {
    said({"Linux version 6.1", "Kernel command line: console=ttyS0 console=tty0",
          "Run /init as init process"});
    seen_.kernel_on_console = true;
    EXPECT_EQ(diagnosis().cause, "init-console-not-on-serial");
    seen_.log[1].text = "Kernel command line: console=tty0 console=ttyS0,115200";
    EXPECT_EQ(diagnosis().cause, "");
    seen_.kernel_on_console = false;
    seen_.log[1].text += " quiet";
    EXPECT_EQ(diagnosis().cause, "kernel-told-to-be-quiet");
}

TEST_F(DiagnosisTest, ALogBesideACpuInFirmwareIsOfAnEarlierBoot) {
    said({"Linux version 6.1", "Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000100"});
    seen_.resets = 3;
    cpu({.pc = 0xf1234, .mode = CpuState::Mode::real});
    const Diagnosis said = diagnosis();
    EXPECT_EQ(said.stage, BootStage::firmware);
    EXPECT_EQ(said.cause, "panic-init-ended") << "which is why it was reset";
    seen_.reset_loop = true;
    EXPECT_EQ(diagnosis().stage, BootStage::kernel) << "how far its boots came";
}

TEST_F(DiagnosisTest, WithoutALogTheCpusTellTheStage) {
    cpu({.pc = kernel});
    EXPECT_EQ(diagnosis().stage, BootStage::kernel);
    EXPECT_NE(diagnosis().summary.find("spins"), std::string::npos);
    cpu({.pc = 0x40'0000, .mode = CpuState::Mode::user});
    EXPECT_EQ(diagnosis().stage, BootStage::userspace);
    cpu({.pc = 0x7c00'0000});
    EXPECT_EQ(diagnosis().stage, BootStage::firmware_or_loader);
    seen_.loader = loader_in({"SeaBIOS (version 1.16.2)", "ISOLINUX 6.04 20200816  Copyright (C) 1994"});
    EXPECT_EQ(diagnosis().stage, BootStage::boot_loader);
    EXPECT_EQ(diagnosis().evidence.front(),
              "its line on the console: ISOLINUX 6.04 20200816  Copyright (C) 1994");
    seen_.kernel_entered = true;
    EXPECT_EQ(diagnosis().stage, BootStage::kernel);
    EXPECT_EQ(diagnosis().signs.front().name, "kernel-stuck-at-entry");
    seen_ = {};
    EXPECT_EQ(diagnosis().stage, BootStage::unknown);
}

TEST_F(DiagnosisTest, ALoaderThatSwitchedTheMachineOffIsKnownByItsLastWords) {
    const std::string start = "BdsDxe: starting Boot0001 \"UEFI QEMU DVD-ROM QM00001 \" from PciRoot(0x0)";
    seen_.loader = loader_in({start});
    EXPECT_EQ(diagnosis().stage, BootStage::unknown);
    for (const char* said :
         {"Verifying shim SBAT data failed: Security Policy Violation",
          "Something has gone seriously wrong: SBAT self-check failed: Security Policy Violation",
          "shim.c:866:verify_sbat() Verification failed: (0x1A) Security Violation"}) {
        seen_.loader = loader_in({start, said});
        EXPECT_EQ(diagnosis().stage, BootStage::boot_loader) << said;
    }
}

TEST(LastBoot, IsWhatFollowsTheFirmwaresLastWord) {
    const std::string first = "BdsDxe: starting Boot0001 \"UEFI QEMU DVD-ROM\" from PciRoot(0x0)";
    using Lines = std::vector<std::string>;
    EXPECT_EQ(lines_of_last_boot({first, "Linux version 6.1.0", first, "Verification failed: (0x1A)"}),
              (Lines{first, "Verification failed: (0x1A)"}));
    EXPECT_EQ(lines_of_last_boot({"Booting from DVD/CD...", "a", "Booting from DVD/CD...", "b"}),
              (Lines{"Booting from DVD/CD...", "b"}));
    EXPECT_EQ(lines_of_last_boot({"Linux version 6.1.0"}), Lines{"Linux version 6.1.0"});
    const std::string shell = "BdsDxe: starting Boot0002 \"EFI Internal Shell\" from Fv(1)";
    EXPECT_EQ(lines_of_last_boot({"a", first, "Security Violation", shell}),
              (Lines{first, "Security Violation", shell}))
        << "the shell is what follows a refusal";
    EXPECT_TRUE(lines_of_last_boot({}).empty());
}

TEST_F(DiagnosisTest, TheSetupCodeOfAKernelIsKnownByItsWord) {
    EXPECT_TRUE(shows_kernel_setup({"Loading /boot/vmlinuz... ok", "Probing EDD (edd=off to disable)... o"}));
    EXPECT_FALSE(shows_kernel_setup({"Loading /boot/vmlinuz... ok"}));
}

TEST_F(DiagnosisTest, WhatNoLineSaysIsSeenOfCpusAndPrograms) {
    using Signs = std::vector<std::string>;
    const auto signs = [&] {
        Signs names;
        for (const Sign& sign : diagnosis().signs)
            names.push_back(sign.name);
        return names;
    };
    said({"Linux version 6.1", "Kernel command line: console=ttyS0", "Run /init as init process"});
    cpu({.pc = kernel, .halted = true});
    seen_.kernel_on_console = true;
    EXPECT_EQ(signs(), Signs{"init-waits"});
    seen_.tasks = TaskList{
        .tasks = {{.pid = 7, .name = "dd", .state = 'S', .input = "/console", .waits = {"n_tty_read"}}},
        .root = "rootfs"};
    EXPECT_EQ(signs(), Signs{"init-asks"});
    seen_.tasks.reset();
    cpu({.pc = 0x40'0000, .mode = CpuState::Mode::user});
    EXPECT_EQ(signs(), Signs{"init-spins"});
    cpu({.pc = kernel});
    EXPECT_EQ(signs(), Signs{"kernel-spins"});

    seen_.attached = {{AttachedDevice::Kind::drive, "scsi", "sda"}};
    EXPECT_EQ(signs(), (Signs{"no-disk-seen", "kernel-spins"}));
    said({"sr 0:0:0:0: [sr0] scsi3-mmc drive"});
    EXPECT_EQ(signs(), Signs{"kernel-spins"});
    seen_.attached.push_back({AttachedDevice::Kind::card, "virtio", "52:54:00:6c:6b:01"});
    seen_.tasks = TaskList{.tasks = {}, .root = "rootfs", .cards = std::vector<NetworkCard>()};
    EXPECT_EQ(signs(), (Signs{"no-card-seen", "kernel-spins"}));
    EXPECT_EQ(diagnosis().devices.back(),
              "network card 52:54:00:6c:6b:01 (virtio): the kernel has no device for it");
    seen_.tasks.reset();
    said({"Kernel panic - not syncing: oh"});
    EXPECT_EQ(signs(), Signs()) << "it died, and said of what";
}

TEST_F(DiagnosisTest, ExtendsOnlyWhatTheConsoleCouldNotTell) {
    said({"Linux version 6.1", "Kernel command line: console=tty0", "Kernel panic - not syncing: oh"});
    Verdict silent{.outcome = Outcome::silent, .reason = "silence", .evidence = {"old"}, .hint = {}};
    extend(silent, diagnosis());
    EXPECT_EQ(silent.outcome, Outcome::kernel_crash);
    EXPECT_EQ(silent.evidence.front(), "[    2.000000] Kernel panic - not syncing: oh");
    EXPECT_TRUE(silent.reason.starts_with("silence. The kernel 6.1.0-56-amd64 ")) << silent.reason;

    Verdict told{.outcome = Outcome::stopped_at_loader, .reason = "GRUB said so", .evidence = {}, .hint = {}};
    extend(told, diagnosis());
    EXPECT_EQ(told.reason, "GRUB said so");
}

TEST_F(DiagnosisTest, IsWrittenAsJsonThatHoldsNoControlCharacter) {
    said({"Linux version 6.1 \x1b[2J\xff"});
    seen_.untold = {"the activity of the CPUs: the guest has gone"};
    const std::string json = json_diagnosis(diagnosis());
    const auto parsed = nlohmann::json::parse(json);
    EXPECT_EQ(parsed["schema"], "lktest.diagnosis/1");
    EXPECT_EQ(parsed["last_lines"][0], "[    0.000000] Linux version 6.1 \\x1b[2J\\xff");
    EXPECT_EQ(parsed["untold"].size(), 1u);
}

TEST_F(DiagnosisTest, ASystemHasTakenOverWhenTheFirstProgramHasAnotherRoot) {
    said({"Linux version 6.1", "Kernel command line: console=ttyS0", "Run /init as init process"});
    cpu({.pc = kernel, .halted = true});
    seen_.tasks =
        TaskList{.tasks = {{.pid = 1, .name = "init", .state = 'S', .waits = {"do_wait"}}}, .root = "rootfs"};
    EXPECT_EQ(diagnosis().stage, BootStage::initramfs);
    seen_.tasks->root = "overlay";
    const Diagnosis said = diagnosis();
    EXPECT_EQ(said.stage, BootStage::userspace);
    EXPECT_EQ(said.summary,
              "the kernel 6.1.0-56-amd64 is running, and the initramfs has handed over to the system; now it "
              "is idle: it is waiting for something");
    EXPECT_EQ(said.tasks, std::vector<std::string>{"init (pid 1) sleeps in do_wait"});

    for (const std::vector<std::string>& handing_over :
         {std::vector<std::string>{"busybox", "switch_root", "/root", "/sbin/init"},
          {"/sbin/switch_root", "/root", "/sbin/init"},
          {"run-init", "/root", "/sbin/init"}}) {
        seen_.tasks->tasks.front().arguments = handing_over;
        EXPECT_EQ(diagnosis().stage, BootStage::initramfs) << handing_over.front();
    }
    seen_.tasks->tasks.front().arguments = {"/sbin/init", "single", "switch_root"};
    EXPECT_EQ(diagnosis().stage, BootStage::userspace);

    seen_.tasks->tasks.push_back(
        {.pid = 7, .name = "sh", .state = 'S', .input = "/tty1", .waits = {"do_sys_poll", "__x64_sys_poll"}});
    EXPECT_NE(diagnosis().summary.find("now it is idle: sh (pid 7) is waiting for keyboard input on /tty1"),
              std::string::npos);
}

TEST_F(DiagnosisTest, AnInitThatRunsAgainOnATmpfsIsStillTheInitramfs) {
    said({"Linux version 6.1", "Kernel command line: console=ttyS0", "Run /init as init process"});
    cpu({.pc = kernel, .halted = true});
    seen_.tasks =
        TaskList{.tasks = {{.pid = 1, .name = "init", .state = 'S', .arguments = {"/bin/sh", "/init"}}},
                 .root = "tmpfs"};
    EXPECT_EQ(diagnosis().stage, BootStage::initramfs);
    seen_.tasks->tasks.front().arguments = {"/sbin/init"};
    EXPECT_EQ(diagnosis().stage, BootStage::userspace);
}

TEST_F(DiagnosisTest, AProgramThatComputesMakesTheInitramfsBusy) {
    said({"Linux version 6.1", "Kernel command line: console=ttyS0", "Run /init as init process"});
    cpu({.pc = 0x40'0000, .mode = CpuState::Mode::user});
    seen_.kernel_on_console = true;
    seen_.tasks = TaskList{.tasks = {{.pid = 1, .name = "init", .state = 'S', .waits = {"do_wait"}},
                                     {.pid = 9, .parent = 1, .name = "modprobe", .state = 'R'}},
                           .root = "rootfs"};
    const Diagnosis said = diagnosis();
    ASSERT_EQ(said.signs.size(), 1U);
    EXPECT_EQ(said.signs.front().name, "init-busy");
    EXPECT_EQ(measured_facts(seen_, said, cell_, {}).words.at("busy"), "modprobe (pid 9) runs");
}

TEST_F(DiagnosisTest, TheLogShowsWhetherAnInitrdWasGiven) {
    const auto given = [&] { return measured_facts(seen_, diagnosis(), cell_, {}).find("initrd-given"); };
    said({"Linux version 7.2", "Kernel command line: ", "VFS: Finished mounting rootfs on nullfs",
          "VFS: Disk quotas dquot_6.6.0"});
    EXPECT_EQ(given(), nullptr) << "it is too early to know";
    said({"VFS: Cannot open root device"});
    const Facts without = measured_facts(seen_, diagnosis(), cell_, {});
    ASSERT_TRUE(without.find("initrd-given") && without.find("command-line-empty"));
    EXPECT_FALSE(without.find("initrd-given")->holds);
    EXPECT_TRUE(without.find("command-line-empty")->holds);
    seen_.log[0].text = "Trying to unpack rootfs image as initramfs...";
    const Facts with = measured_facts(seen_, diagnosis(), cell_, {});
    ASSERT_TRUE(with.find("initrd-given"));
    EXPECT_TRUE(with.find("initrd-given")->holds);
}

TEST_F(DiagnosisTest, AnEarlyConsoleIsAFactBeforeTheCommandLineIsPrinted) {
    said({"Booting Linux on physical CPU 0x0", "random: crng init done"});
    EXPECT_FALSE(measured_facts(seen_, diagnosis(), cell_, {}).find("parameter earlycon"));
    seen_.log[1].text = "earlycon: pl11 at MMIO32 0x00000000fe201000 (options '')";
    ASSERT_TRUE(measured_facts(seen_, diagnosis(), cell_, {}).find("parameter earlycon"));
}

TEST_F(DiagnosisTest, ADeviceTreeOfAnotherMachineIsAFact) {
    cell_.arch = Arch::aarch64;
    said({"Booting Linux on physical CPU 0x0", "Machine model: Raspberry Pi 4 Model B"});
    const Facts facts = measured_facts(seen_, diagnosis(), cell_, {});
    ASSERT_TRUE(facts.find("foreign-device-tree"));
    EXPECT_TRUE(facts.find("foreign-device-tree")->holds);
    seen_.log[1].text = "Machine model: linux,dummy-virt";
    EXPECT_FALSE(measured_facts(seen_, diagnosis(), cell_, {}).find("foreign-device-tree")->holds);
}

TEST_F(DiagnosisTest, ALoaderThatWasStartedAndReturnedIsAFact) {
    const auto facts = [&](const std::vector<std::string>& console) {
        return measured_facts(seen_, diagnosis(), cell_, console);
    };
    const std::string starts = R"(BdsDxe: starting Boot0001 "UEFI QEMU DVD-ROM " from PciRoot(0x0))";
    const std::string shell = R"(BdsDxe: starting Boot0002 "EFI Internal Shell" from Fv(7CB8BDC9))";
    const std::string returned =
        R"(BdsDxe: failed to start Boot0001 "UEFI QEMU DVD-ROM " from PciRoot(0x0): Not Found)";
    EXPECT_TRUE(facts({starts, returned, shell}).find("loader-returned"));
    EXPECT_TRUE(facts({starts}).find("loader-started"));
    EXPECT_FALSE(facts({starts}).find("loader-returned"));
    EXPECT_FALSE(facts({shell}).find("loader-started"));
}

TEST_F(DiagnosisTest, TheShortenedNameOfADeviceIsCompleted) {
    const auto device = [&](const std::vector<std::string>& console) {
        const Facts facts = measured_facts(seen_, diagnosis(), cell_, console);
        return facts.words.contains("device") ? facts.words.at("device") : "";
    };
    const std::string job =
        "[  *** ] A start job is running for dev-di…\\x2dlabel-DATA.device (9s / no limit)";
    EXPECT_EQ(device({"Expecting device dev-disk-by\\x2dlabel-DATA.device...", job}),
              "/dev/disk/by-label/DATA");
    EXPECT_EQ(device({"[ *** ] A start job is running for /dev/disk/by-label/X (9s / 1min 30s)"}),
              "/dev/disk/by-label/X");
    EXPECT_EQ(device({"[ *** ] A start job is running for Wait for Network (9s / no limit)"}), "");
}

TEST(DiagnosisVerdict, EvidenceShowsTheLinesBeforeTheFailureAndEachOnce) {
    Verdict verdict;
    verdict.evidence = {"Kernel panic - not syncing: x", "CPU: 0 PID: 1", "Kernel panic - not syncing: x"};
    add_lines_before(verdict,
                     {"a", "/init: frobnicate: not found", "", "b", "Kernel panic - not syncing: x"});
    EXPECT_EQ(verdict.evidence, (std::vector<std::string>{"/init: frobnicate: not found", "b",
                                                          "Kernel panic - not syncing: x", "CPU: 0 PID: 1"}));
}

TEST(DiagnosisVerdict, EvidenceHasNoFramesOfDialogues) {
    const std::string bar = "\xef\xbf\xbd";
    std::vector<std::string> lines{"BdsDxe: starting", "", bar + bar + "\xc4\xbf",
                                   bar + "   Security Violation  " + bar};
    strip_frames(lines);
    EXPECT_EQ(lines, (std::vector<std::string>{"BdsDxe: starting", "", "Security Violation"}));
}

TEST_F(DiagnosisTest, WhatUefiHasLoadedTellsFirmwareFromBootLoader) {
    cpu({.pc = 0x7c00'0000});
    seen_.efi_images = {"DxeCore", "ArmCpuDxe"};
    EXPECT_EQ(diagnosis().stage, BootStage::firmware);
    seen_.efi_images.emplace_back("\\EFI\\BOOT\\BOOTAA64.EFI");
    seen_.in_efi_images = {"CPU 0 is in the EFI image ArmCpuDxe, at offset 0x10"};
    const Diagnosis said = diagnosis();
    EXPECT_EQ(said.stage, BootStage::boot_loader);
    EXPECT_EQ(said.evidence.back(), seen_.in_efi_images.front());
}

TEST_F(DiagnosisTest, WhereCpusAndProgramsAreIsWrittenForPeople) {
    said({"Linux version 6.1"});
    cpu({.pc = kernel});
    seen_.backtraces = {{0, {"time_init+0x0/0x40", "start_kernel+0x3f1/0x6e0"}, {"-> 0x1004  b #0x1004"}}};
    seen_.untold = {"the tasks: their list was not found"};
    EXPECT_EQ(text_of_cpus(diagnosis()),
              "CPU 0: spinning in a tight loop, in the kernel, always at 0xffffffff80000000 (8 samples)\n"
              "    time_init+0x0/0x40\n"
              "    start_kernel+0x3f1/0x6e0\n"
              "      -> 0x1004  b #0x1004\n"
              "\n"
              "unknown:\n"
              "  the tasks: their list was not found\n");
}

}  // namespace
}  // namespace lktest
