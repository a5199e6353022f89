// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "builder/base/error.hpp"
#include "builder/base/json_text.hpp"
#include "harness/matrix/cell.hpp"
#include "harness/matrix/event.hpp"
#include "harness/matrix/verdict.hpp"

// The one record of a run. A local run, a Slurm run, merged shards and a run that was read from matrix.json
// are all a Run, so counts, exit status and every report agree. Values of axes are text because a later
// lktest may have values that this one does not know. All text is printable.
namespace lktest::results {

/// A cell of the matrix by the names of its values.
struct Cell {
    std::string name;  ///< also the name of its directory
    std::string scenario, arch, firmware, medium;
    std::string image, image_path;
    std::vector<std::string> variant;  ///< parts of the machine that differ from the default: "pc", "2cpus"
    Json machine;                      ///< as in matrix.json

    Cell() = default;
    Cell(const BootCell& cell);  // NOLINT(google-explicit-constructor): the same cell in words

    /// "x86_64-uefi-cdrom-2cpus": the name without scenario and image.
    std::string title() const;
};

/// One boot of a cell that was booted again after a failure.
struct Attempt {
    std::string name;  ///< "attempt 1 of 2"
    std::string outcome, reason;
    std::chrono::microseconds took{};
};

/// How a cell ended.
struct Ending {
    std::string outcome;  ///< "kernel-crash"
    OutcomeClass outcome_class = OutcomeClass::passed;
    std::string reached, missing, reason, hint;  ///< as in Verdict
    std::vector<std::string> evidence, console;  ///< as in Verdict
    std::vector<Attempt> attempts;               ///< as in Verdict
    std::chrono::microseconds took{};

    Ending() = default;
    Ending(const Verdict& verdict);  // NOLINT(google-explicit-constructor): the same ending in words

    bool is(Outcome known) const { return outcome == lktest::name(known); }
};

/// A milestone that a cell reached.
struct MilestoneTime {
    std::string name;
    std::chrono::microseconds at{};    ///< since power-on
    std::vector<std::string> sources;  ///< every witness, the first one first
};

/// A step of the scenario that was started.
struct StepTime {
    std::string name;
    std::chrono::microseconds at{};  ///< since power-on
};

struct CellResult {
    Cell cell;
    std::optional<Ending> verdict;  ///< unset while it waits or runs
    std::vector<MilestoneTime> milestones;
    std::vector<StepTime> steps;
    std::vector<std::string> notes;      ///< sentences about the machine, each once
    std::vector<std::string> artefacts;  ///< paths relative to the run's directory
    std::string reproduce;               ///< the command that runs this cell alone
    Json other = Json::object();         ///< keys unknown to this lktest

    bool passed() const { return is(OutcomeClass::passed); }
    bool tolerated() const { return is(OutcomeClass::tolerated); }
    /// Whether such a machine exists.
    bool bootable() const { return !is(OutcomeClass::not_applicable); }
    /// The medium failed, or the host.
    bool failed() const { return is(OutcomeClass::product_failure) || is(OutcomeClass::host_failure); }
    /// Inconclusive: it was cancelled, or never ran.
    bool unproven() const { return !verdict || is(OutcomeClass::cancelled); }
    /// "kernel-crash", "not run".
    std::string outcome() const { return verdict ? verdict->outcome : "not run"; }

private:
    bool is(OutcomeClass wanted) const { return verdict && verdict->outcome_class == wanted; }
};

/// The accelerator of one architecture's guests, and the reason for it.
struct AcceleratorUse {
    std::string arch;
    std::string accelerator;  ///< "kvm", "tcg"
    std::string why;
};

/// The machine that ran the cells. Strings are empty where a value is unknown.
struct HostFacts {
    std::string qemu, libvirt;  ///< versions: "7.2.15", "9.0.0"
    std::string connection;     ///< the libvirt URI; "embedded" for the driver inside lktest
    std::string network;        ///< "tap", "user", "none"
    std::vector<AcceleratorUse> accelerators;
    std::string name;  ///< of the machine in its network
};

/// A file that cells booted, or a directory that they fetched from the network.
struct BootedImage {
    std::string path;
    std::string sha256;      ///< of its bytes; of a directory that of the list which sha256sum would print
    std::uint64_t size = 0;  ///< in bytes
    std::chrono::system_clock::time_point modified{};
    std::string changed;  ///< what happened to it during the run; empty if it stayed as it was

    bool operator==(const BootedImage&) const = default;
};

/// A run that was merged into another.
struct MergedRun {
    std::string directory, started;
    std::chrono::microseconds took{};
    std::vector<std::string> command;
};

struct Run {
    std::string version;               ///< lktest's own
    std::vector<std::string> command;  ///< as the user gave it
    std::chrono::system_clock::time_point started{};
    std::chrono::microseconds took{};
    bool complete = false;            ///< the run ended by itself or by Ctrl-C
    std::filesystem::path directory;  ///< of its matrix.json, as the user would name it
    HostFacts host;
    std::vector<CellResult> cells;  ///< every planned cell, in the plan's order
    std::vector<BootedImage> images;
    std::vector<MergedRun> runs;  ///< those that were merged in this one
    Json other = Json::object();  ///< keys unknown to this lktest
};

/// The number of cells with each class.
struct Counts {
    std::size_t passed = 0, failed = 0, host_faults = 0, cancelled = 0, unfinished = 0, not_applicable = 0,
                tolerated = 0;

    /// The cells that can exist.
    std::size_t bootable() const {
        return passed + failed + host_faults + cancelled + unfinished + tolerated;
    }
};
Counts count(std::span<const CellResult> cells);

/// boot_failed if a medium failed; else host if the host failed a cell; else boot_failed if a cell was
/// cancelled or never ran, because its result is unknown; else passed. A tolerated cell does not fail the
/// run.
ExitCode exit_code(const Run& run);

/// "2 of 3 cells passed (1 failed) · 1 not applicable".
std::string counts_line(const Run& run);

/// Adds the images of another run, each once. One whose digest differs is another image.
void add_images(Run& to, const Run& from);

/// "image /live.iso changed during the run: it was removed", a line for each that changed.
std::vector<std::string> changed_images(const Run& run);

/// The result of a cell that cannot exist.
CellResult not_applicable(const Cell& cell, std::string_view reason);

/// "product-failure": the word of matrix.json for a class, and the class of such a word.
std::string_view class_word(OutcomeClass outcome_class);
std::optional<OutcomeClass> class_from_word(std::string_view word);

/// "2026-11-23T15:00:01Z" (ISO 8601, UTC).
std::string utc_time(std::chrono::system_clock::time_point time);

/// "attempt 1 of 2: silent after 60.0s", a line for each; none if the cell was booted once. A reason is added
/// if the one of the ending does not contain it.
std::vector<std::string> attempt_lines(const Ending& ending);

/// "failed on each of 3 attempts"; empty if the cell was booted once, or passed at last.
std::string failed_attempts(const Ending& ending);

/// "24.1s", "2m 05s", "1h 02m".
std::string short_time(std::chrono::microseconds time);

}  // namespace lktest::results
