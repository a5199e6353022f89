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

/// A compiled RE2 expression; shared, because it is immutable and dear to compile.
using Pattern = std::shared_ptr<const re2::RE2>;

/// Which view of the console a pattern is matched on.
enum class View {
    lines,   ///< whole lines of the text without escapes; a userspace line that printk cut in two is whole
             ///< again
    prompt,  ///< the unfinished last line when it stands still: a prompt never ends in a newline; for a
             ///< milestone, whole lines too
    screen,  ///< the rows of the terminal screen, for what firmware and loaders paint
};

/// What the host side of the tap must see before the network milestone is reached.
struct NetworkCheck {
    bool lease = true;       ///< the guest got an address by DHCP
    bool ping = true;        ///< the host pings it
    std::string guest_page;  ///< path that the host fetches from the guest's port 80; empty: none
    std::string guest_text;  ///< what the page must contain
    std::string host_file;   ///< path that the guest must have fetched from the host; empty: none
};

/// A point that a boot must pass.
struct Milestone {
    std::string name;
    std::vector<Pattern> patterns;  ///< any of them; empty when only `network` is asked
    View view = View::lines;
    std::chrono::milliseconds
        within{};           ///< after the milestone before it, with hardware acceleration; scaled under TCG
    bool optional = false;  ///< passed over when a later one is seen first
    bool enter = false;  ///< a menu: where it then stands still, it waits for somebody, and Enter is pressed
    std::optional<NetworkCheck> network;  ///< asserted besides the patterns
    bool direct = true;               ///< there too where QEMU starts the kernel, without firmware and loader
    std::vector<Arch> arches;         ///< empty: all
    std::vector<Firmware> firmwares;  ///< empty: all; UEFI is that with Secure Boot too
    Place place;
};

/// What a line is to the reports that a kernel writes of its own faults. For logs that were saved
/// (check_log()): there a report counts, also when it ends no boot.
enum class KernelReport {
    none,
    head,  ///< it begins one
    part,  ///< it begins one, unless another has just begun: "invalid opcode" after "kernel BUG at"
};

/// A line that ends a cell, or is only a warning.
struct Failure {
    std::string name;  ///< "kernel-panic"
    std::vector<Pattern> patterns;
    View view = View::lines;
    bool kernel = false;   ///< only on lines with a printk prefix, and anchored behind it
    bool warning = false;  ///< recorded, does not end the cell
    /// Believed only when the boot comes no further: a milestone after it, or a failure of a
    /// later stage, forgets it; any other failure, a deadline, or of a loader's a long
    /// silence makes it the reason.
    bool tentative = false;
    KernelReport report = KernelReport::none;  ///< a program may show one that it read from the kernel
    Outcome outcome = Outcome::userspace_failure;
    std::string reason;  ///< in plain words; \1 is the first group; empty: the line itself
    std::string hint;
    std::vector<Pattern> harmless;  ///< lines that look alike and are not meant
    Place place;
};

struct MachineSettings {
    std::uint64_t memory = std::uint64_t{1} << 30;  ///< bytes
    unsigned cpus = 1;
    bool firmware_log = false;  ///< what x86 firmware says on its debug port is kept
};

/// What is done in the loader's menu, over the serial console. The medium is not touched.
struct BootLine {
    std::string entry;   ///< title of the menu entry that is booted; empty: the one that is chosen already
    std::string append;  ///< added to the end of the kernel's command line; empty: nothing
    /// The medium is a stick whose GRUB starts the ISO, a file on it, by the ISO's loopback.cfg.
    bool loopback = false;
    Place place;

    bool asked() const { return !entry.empty() || !append.empty(); }
};

/// What is asserted of a boot, and done with it: read from scenarios/NAME.toml.
struct Scenario {
    std::string name;  ///< the file's name without .toml
    std::string about;
    std::vector<Arch> arches;         ///< empty: all
    std::vector<Firmware> firmwares;  ///< empty: all
    std::vector<Medium> media;        ///< empty: only cdrom, unless the command line asks
    MachineSettings machine;
    HardwareAxes hardware;  ///< what machines it is for, unless the command line asks
    /// How a cell must end for it to pass: "passed", or that the firmware refuses the medium, say.
    Outcome ends = Outcome::passed;
    bool unsigned_loader = false;  ///< the loaders on a copy of the medium have lost their signatures
    SecureKeys keys;               ///< what the firmware of a machine with Secure Boot has enrolled
    BootLine boot;
    std::vector<DiskSettings> disks;
    FileList served;      ///< what the web server on the host side of the tap gives to the guest
    unsigned resets = 2;  ///< more resets than this are a reboot loop
    /// A guest that gives no sign of life for this long ends before its deadline.
    std::chrono::milliseconds stall = std::chrono::minutes(2);
    std::vector<Milestone> milestones;  ///< in the order of a boot; names are unique
    std::string until;                  ///< the milestone that ends the boot well; empty: the last
    std::vector<Step> steps;            ///< done once the milestones are reached
    std::vector<Failure> failures;      ///< tried before the catalogue
};

/// The scenario as it is for one cell: with its memory and processors, and for a kernel that QEMU
/// starts itself without what firmware and loader would show or be told.
Scenario scenario_for(Scenario scenario, const BootCell& cell);

/// The milestones that a machine of this kind must pass, in order, up to `until`.
/// They point into `scenario`.
std::vector<const Milestone*> milestones_for(const Scenario& scenario, Arch arch, Firmware firmware);

/// The steps that are done on a machine of this kind, in order. They point into `scenario`.
std::vector<const Step*> steps_for(const Scenario& scenario, Arch arch, Firmware firmware);

}  // namespace lktest
