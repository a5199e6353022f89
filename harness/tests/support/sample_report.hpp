// SPDX-License-Identifier: MIT
#pragma once

#include "harness/results/run.hpp"

namespace lktest {

inline BootCell sample_cell(Arch arch, Firmware firmware, Medium medium = Medium::cdrom) {
    const std::string file = "/images/recovery-" + std::string(name(arch)) + ".iso";
    return {.scenario = "boot",
            .image = {"recovery", file},
            .arch = arch,
            .firmware = firmware,
            .medium = medium};
}

inline Verdict sample_verdict(Outcome outcome, std::chrono::milliseconds took) {
    Verdict verdict;
    verdict.outcome = outcome;
    verdict.took = took;
    return verdict;
}

inline results::CellResult sample_pass(Arch arch, Firmware firmware, std::chrono::milliseconds took) {
    results::CellResult result;
    result.cell = sample_cell(arch, firmware);
    result.verdict = sample_verdict(Outcome::passed, took);
    result.verdict->reached = "network";
    result.milestones = {{"firmware", std::chrono::milliseconds(1500), {"screen"}},
                         {"userspace", took / 2, {"virtio", "serial"}},
                         {"network", took, {"network"}}};
    for (const char* file : {"console.log", "domain.xml", "events.jsonl"})
        result.artefacts.push_back(result.cell.name + "/" + file);
    result.reproduce =
        "lktest run --arch " + std::string(name(arch)) + " --firmware " + std::string(name(firmware));
    return result;
}

/// A run of the default matrix with constant values, independent of any machine.
inline results::Run sample_report() {
    results::Run report;
    report.version = "0.1.0";
    report.command = {"lktest", "run"};
    report.started = std::chrono::system_clock::from_time_t(1795446001);  // 2026-11-23T15:00:01Z
    report.took = std::chrono::milliseconds(62400);
    report.complete = true;
    report.directory = "lktest-results/run-20261123-150001";
    report.host = {"7.2.15",
                   "9.0.0",
                   "embedded",
                   "tap",
                   {{"x86_64", "tcg", "the KVM probe printed nothing within 2 s"},
                    {"aarch64", "tcg", "this machine is x86_64"}},
                   "builder-1"};
    report.cells = {
        sample_pass(Arch::x86_64, Firmware::bios, std::chrono::milliseconds(24123)),
        sample_pass(Arch::x86_64, Firmware::uefi, std::chrono::milliseconds(26345)),
        results::not_applicable(sample_cell(Arch::aarch64, Firmware::bios), "aarch64 machines have no BIOS"),
        sample_pass(Arch::aarch64, Firmware::uefi, std::chrono::milliseconds(31060))};
    return report;
}

/// The same run, in which one medium failed with hostile text and the host failed another cell.
inline results::Run sample_failures() {
    results::Run report = sample_report();
    Verdict crash = sample_verdict(Outcome::kernel_crash, std::chrono::milliseconds(12300));
    crash.reached = "boot-loader";
    crash.missing = "kernel";
    crash.reason =
        "the kernel panicked: VFS: Unable to mount root fs on unknown-block(0,0), \x1b[2J\xffwhich ends the "
        "boot";
    crash.evidence = {
        "[    1.234567] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)",
        "[    1.234999] CPU: 0 PID: 1 Comm: swapper/0 Not tainted 6.1.0-25-amd64 #1\tDebian",
        "\x1b]0;owned\x07 <script>&\u202e"};
    for (int i = 0; i < 12; ++i)
        crash.evidence.push_back("[    1.235000]  ? a_function+0x" + std::to_string(i) + "/0x100");
    crash.hint = "check that the menu entry names the initrd";
    report.cells[1].verdict = crash;
    report.cells[1].milestones.resize(1);
    Verdict fault = sample_verdict(Outcome::qemu_died, std::chrono::milliseconds(210));
    fault.reason = "QEMU ended with status 1";
    fault.missing = "firmware";
    fault.evidence = {"qemu-system-aarch64: Could not allocate memory"};
    report.cells[3].verdict = fault;
    report.cells[3].milestones.clear();
    report.took = std::chrono::milliseconds(125000);
    return report;
}

/// A run with one cell of each class: passed, flaky, known, failed and not applicable.
inline results::Run sample_classes() {
    results::Run report = sample_report();
    report.cells.push_back(
        sample_pass(Arch::x86_64, Firmware::uefi_secure, std::chrono::milliseconds(27000)));
    Verdict flaky = sample_verdict(Outcome::flaky, std::chrono::milliseconds(26345));
    flaky.reached = "network";
    flaky.reason = "passed on attempt 2 of 2; attempt 1 of 2: silent: the console was silent #1";
    flaky.attempts = {
        {"attempt 1 of 2", Outcome::silent, "the console was silent #1", std::chrono::milliseconds(11345)},
        {"attempt 2 of 2", Outcome::passed, "", std::chrono::milliseconds(15000)}};
    report.cells[1].verdict = flaky;
    Verdict known = sample_verdict(Outcome::known_failure, std::chrono::milliseconds(31060));
    known.reached = "kernel";
    known.reason = "known until 2027-01-31: the driver oopses; kernel-crash: it panicked";
    report.cells[3].verdict = known;
    Verdict failed = sample_verdict(Outcome::kernel_crash, std::chrono::milliseconds(12300));
    failed.reached = "boot-loader";
    failed.missing = "kernel";
    failed.reason = "the kernel panicked";
    failed.evidence = {"Kernel panic - not syncing"};
    failed.hint = "name the initrd in grub.cfg";
    failed.console = {"[    1.234567] Kernel panic - not syncing", "[    1.250000] ---[ end <trace> ]---"};
    failed.attempts = {
        {"attempt 1 of 2", Outcome::kernel_crash, "the kernel panicked", std::chrono::milliseconds(12300)},
        {"attempt 2 of 2", Outcome::milestone_deadline, "no kernel within 90 s", std::chrono::seconds(125)}};
    report.cells[4].verdict = failed;
    return report;
}

}  // namespace lktest
