// SPDX-License-Identifier: MIT
#pragma once

#include <re2/re2.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "builder/base/problem.hpp"
#include "firmware/secure_keys.hpp"
#include "harness/matrix/cell.hpp"
#include "harness/matrix/verdict.hpp"
#include "harness/scenario/disk.hpp"
#include "harness/scenario/step.hpp"

namespace lktest {

/// A compiled RE2 expression; shared, because it is immutable and expensive to compile.
using Pattern = std::shared_ptr<const re2::RE2>;

/// The view of the console that a pattern is matched against.
enum class View {
    lines,   ///< whole lines without escapes; a program's line that printk cut in two is rejoined
    prompt,  ///< the unfinished last line once it is stable, because a prompt never ends in a newline; for
             ///< a milestone, whole lines too
    screen,  ///< the rows of the terminal screen, which firmware and loaders paint
};

/// The observations on the host side of the tap that reach the network milestone.
struct NetworkCheck {
    bool lease = true;       ///< the guest got an address by DHCP
    bool ping = true;        ///< the host can ping it
    std::string guest_page;  ///< path that the host fetches from the guest's port 80; empty for none
    std::string guest_text;  ///< what the page must contain
    std::string host_file;   ///< path that the guest must fetch from the host; empty for none
};

/// A point that a boot must reach.
struct Milestone {
    std::string name;
    std::vector<Pattern> patterns;  ///< any of them; empty if only `network` is checked
    View view = View::lines;
    std::chrono::milliseconds
        within{};           ///< after the previous milestone, with hardware acceleration; scaled under TCG
    bool optional = false;  ///< skipped if a later one is seen first
    bool enter = false;     ///< a menu: once it waits for a key, lktest presses Enter
    std::optional<NetworkCheck> network;  ///< checked in addition to the patterns
    bool direct = true;               ///< also checked if QEMU starts the kernel, without firmware and loader
    std::vector<Arch> arches;         ///< empty for all
    std::vector<Firmware> firmwares;  ///< empty for all; UEFI includes Secure Boot
    Place place;
};

/// The role of a line in the kernel's reports of its faults. Used for saved logs (check_log()), in which
/// a report counts even if it does not end the boot.
enum class KernelReport {
    none,
    head,  ///< begins a report
    part,  ///< begins a report unless one has just begun: "invalid opcode" after "kernel BUG at"
};

/// A line that ends a cell, or is only a warning.
struct Failure {
    std::string name;  ///< "kernel-panic"
    std::vector<Pattern> patterns;
    View view = View::lines;
    bool kernel = false;   ///< only for lines with a printk prefix, and anchored after it
    bool warning = false;  ///< recorded, but does not end the cell
    /// Counts only if the boot makes no progress. A later milestone, or a failure of a later stage, cancels
    /// it. Any other failure, a deadline, or a loader's long silence makes it the reason.
    bool tentative = false;
    KernelReport report = KernelReport::none;  ///< a program may show a report that it read from the kernel
    Outcome outcome = Outcome::userspace_failure;
    std::string reason;  ///< in plain words; \1 is the first group; empty for the line itself
    std::string hint;
    std::vector<Pattern> harmless;  ///< similar lines that are not failures
    Place place;
};

struct MachineSettings {
    std::uint64_t memory = std::uint64_t{1} << 30;  ///< bytes
    unsigned cpus = 1;
    bool firmware_log = false;  ///< keep the debug output of x86 firmware
};

/// Input for the loader's menu over the serial console. The medium is not changed.
struct BootLine {
    std::string entry;   ///< title of the menu entry to boot; empty for the default
    std::string append;  ///< appended to the kernel's command line; may be empty
    /// Boot the ISO as a file on a stick, whose GRUB uses the ISO's loopback.cfg.
    bool loopback = false;
    Place place;

    bool asked() const { return !entry.empty() || !append.empty(); }
};

/// The expectations of a boot and the steps after it, from scenarios/NAME.toml.
struct Scenario {
    std::string name;  ///< the file's name without .toml
    std::string about;
    std::vector<Arch> arches;         ///< empty for all
    std::vector<Firmware> firmwares;  ///< empty for all
    std::vector<Medium> media;        ///< empty for cdrom; the command line takes precedence
    MachineSettings machine;
    HardwareAxes hardware;  ///< the machines that it supports; the command line takes precedence
    /// The outcome that counts as a pass: "passed", or for example that the firmware refuses the medium.
    Outcome ends = Outcome::passed;
    bool unsigned_loader = false;  ///< remove the loaders' signatures on a copy of the medium
    SecureKeys keys;               ///< keys to enroll in firmware with Secure Boot
    BootLine boot;
    std::vector<DiskSettings> disks;
    FileList served;      ///< files that the web server on the host side of the tap offers
    unsigned resets = 2;  ///< the maximum; more is a reboot loop
    /// A guest without activity for this long fails before its deadline.
    std::chrono::milliseconds stall = std::chrono::minutes(2);
    std::vector<Milestone> milestones;  ///< in the order of a boot; names are unique
    std::string until;                  ///< the milestone that ends the boot; empty for the last
    std::vector<Step> steps;            ///< executed after the milestones are reached
    std::vector<Failure> failures;      ///< matched before the catalogue
};

/// The scenario for one cell: with its memory and CPUs. If QEMU starts the kernel itself, without milestones
/// and input for firmware and loader.
Scenario scenario_for(Scenario scenario, const BootCell& cell);

/// The milestones that a machine of this kind must reach, in order, up to `until`. Pointers into `scenario`.
std::vector<const Milestone*> milestones_for(const Scenario& scenario, Arch arch, Firmware firmware);

/// The steps for a machine of this kind, in order. Pointers into `scenario`.
std::vector<const Step*> steps_for(const Scenario& scenario, Arch arch, Firmware firmware);

}  // namespace lktest
