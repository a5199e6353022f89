// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "builder/base/platform.hpp"
#include "harness/scenario/scenario.hpp"

namespace lktest {

/// Why boots fail in one way: an entry of harness/diagnose/causes.toml, which describes the keys.
struct Cause {
    std::string id;     ///< "initramfs-of-another-architecture"
    std::string stage;  ///< "firmware", "secure-boot", "boot-loader", "kernel", "initramfs", "userspace"
    std::vector<Arch> arches;           ///< empty: all
    std::vector<Firmware> firmwares;    ///< empty: all
    std::vector<std::string> failures;  ///< names in the catalogue of failure lines
    std::vector<Pattern> patterns, without;
    std::vector<std::string> findings;  ///< of find_faults(); "ID WORD": only if its text has the word
    std::vector<std::string> silences;  ///< names of Silence
    std::vector<std::string> signs;     ///< of Diagnosis
    bool lasting = false;               ///< of a loader, and does harm although a kernel runs
    bool consequence = false;           ///< it follows from another cause
    std::string cause, fix, source;     ///< in plain words; where it is known from
};

/// Throws a usage Error with every problem of the file, each with its place.
std::vector<Cause> read_causes(const std::filesystem::path& file);

/// What is wrong with the medium: id and text of an IsoFinding.
struct MediumFinding {
    std::string id, text;
};

/// What no line says, and CPUs, programs and disks show.
struct Sign {
    std::string name;  ///< in causes.toml: "init-waits"
    std::string text;
};

/// What is known of a boot that failed.
struct CauseEvidence {
    Arch arch = Arch::x86_64;
    Firmware firmware = Firmware::uefi;
    std::string stage{};             ///< that the boot came to: name(BootStage)
    std::vector<std::string> lines;  ///< of the console, then of the kernel's log where that says more
    std::string silence;             ///< name of the Silence; empty: none
    std::vector<Sign> signs{};
    std::vector<MediumFinding> medium;  ///< of the medium, once it was inspected
};

/// A cause that stands for a boot.
struct RankedCause {
    std::string id, stage, cause, fix, source;
    std::vector<std::string> evidence;  ///< the line that shows it; what confirms it on the medium
    bool confirmed = false;             ///< by the medium
};

/// The causes that stand for this boot, the likeliest first: what the medium confirms, then by the order in
/// which the lines came, for the first error of a chain explains the others. Pure.
/// @param failures  the catalogue that the causes' `failure` names are of
std::vector<RankedCause> rank_causes(const CauseEvidence& evidence, const std::vector<Cause>& causes,
                                     const std::vector<Failure>& failures);

/// Whether looking at the medium can tell more: a cause that stands, or none does, could be confirmed there.
bool medium_can_tell(const std::vector<RankedCause>& ranked, const std::vector<Cause>& causes);

}  // namespace lktest
