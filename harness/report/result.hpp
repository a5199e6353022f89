// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "builder/base/error.hpp"
#include "harness/matrix/cell.hpp"
#include "harness/matrix/event.hpp"
#include "harness/matrix/verdict.hpp"

namespace lktest {

/// A milestone that a cell reached, and everybody who saw it, the first witness first.
struct MilestoneTime {
    std::string name;
    std::chrono::microseconds at{};  ///< since power-on
    std::vector<Source> sources;
};

/// A step of the scenario that was begun.
struct StepTime {
    std::string name;
    std::chrono::microseconds at{};  ///< since power-on
};

/// One box of the matrix with all that is known of it.
struct CellResult {
    BootCell cell;
    std::optional<Verdict> verdict;  ///< nothing while it waits or runs
    std::vector<MilestoneTime> milestones;
    std::vector<StepTime> steps;
    std::vector<std::filesystem::path> artefacts;  ///< relative to the run's directory
    std::string reproduce;                         ///< the command that runs this cell alone
};

/// What one architecture's guests run on, and why.
struct AcceleratorUse {
    Arch arch = Arch::x86_64;
    std::string accelerator;  ///< "kvm", "tcg"
    std::string why;
};

/// The machine that ran the cells. Empty strings: not known.
struct HostFacts {
    std::string qemu, libvirt;  ///< versions: "7.2.15", "9.0.0"
    std::string connection;     ///< the libvirt URI; "embedded" for the driver inside lktest
    std::string network;        ///< "tap", "user", "none"
    std::vector<AcceleratorUse> accelerators;
    std::string name;  ///< of the machine in its network
};

/// Everything that reports show of one run.
struct RunReport {
    std::string version;               ///< lktest's own
    std::vector<std::string> command;  ///< as the user gave it
    std::chrono::system_clock::time_point started{};
    std::chrono::microseconds took{};
    bool complete = false;            ///< the run came to its end, by itself or by Ctrl-C
    std::filesystem::path directory;  ///< where everything was written, as the user would name it
    HostFacts host;
    std::vector<CellResult> cells;  ///< every planned cell, in the plan's order
};

/// How many cells ended in each way.
struct Counts {
    std::size_t passed = 0, failed = 0, host_faults = 0, cancelled = 0, unfinished = 0, not_applicable = 0,
                tolerated = 0;

    /// The cells that can exist.
    std::size_t bootable() const {
        return passed + failed + host_faults + cancelled + unfinished + tolerated;
    }
};
Counts count(const RunReport& report);

/// What is tolerated is no failure. boot_failed when any medium failed; else host when the host failed a
/// cell; else boot_failed when a cell was cancelled or never ran, for then nothing is proven of it; else
/// passed.
ExitCode exit_code(const RunReport& report);

/// The result of a cell that cannot exist.
CellResult not_applicable(const BootCell& cell, std::string reason);

/// "2026-11-23T15:00:01Z" (ISO 8601, UTC).
std::string utc_time(std::chrono::system_clock::time_point time);

/// "24.1s", "2m 05s", "1h 02m".
std::string short_time(std::chrono::microseconds time);

}  // namespace lktest
