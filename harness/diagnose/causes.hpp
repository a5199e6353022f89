// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "builder/base/platform.hpp"
#include "harness/diagnose/facts.hpp"
#include "harness/scenario/scenario.hpp"

namespace lktest {

/// Why boots fail in one way: an entry of harness/diagnose/causes.toml, which describes the keys.
struct Cause {
    std::string id;     ///< "initramfs-of-another-architecture"
    std::string stage;  ///< "firmware", "secure-boot", "boot-loader", "kernel", "initramfs", "userspace"
    std::vector<Arch> arches;           ///< empty: all
    std::vector<Firmware> firmwares;    ///< empty: all
    std::vector<std::string> failures;  ///< names in the catalogue of failure lines
    std::vector<Pattern> patterns;
    std::vector<Pattern> last;  ///< patterns that count only among the last lines before the end
    std::vector<Pattern> without;
    std::vector<std::string> findings;  ///< of find_faults(); "ID WORD": only if its text has the word
    std::vector<std::string> silences;  ///< names of Silence
    std::vector<std::string> signs;     ///< of Diagnosis
    /// Names of Facts. A cause is dropped if one that it requires does not hold, or one that refutes it
    /// holds.
    std::vector<std::string> required, refuting;
    bool strict = false;             ///< an unknown fact that it requires drops it too
    bool inspected = false;          ///< inspect always finds it: without the finding it is dropped
    bool lasting = false;            ///< a loader said it, and it does harm although a kernel runs
    bool consequence = false;        ///< it follows from another cause
    bool remark = false;             ///< it explains why little is seen, not why the boot ended
    std::string cause, fix, source;  ///< in plain words, with slots for with_words(); where it is known from
};

/// Throws a usage Error with every problem of the file, each with its place.
std::vector<Cause> read_causes(const std::filesystem::path& file);

/// What is wrong on the way by which the medium was booted: an IsoFinding.
struct MediumFinding {
    std::string id, text, fix{};
    bool is_error = true;  ///< else a warning
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
    std::string silence;             ///< name of the Silence; unset if there is none
    std::vector<Sign> signs{};
    std::vector<MediumFinding> medium;
    bool strict = false;     ///< an unknown fact that it requires drops it too
    bool inspected = false;  ///< `medium` is all that inspect has to say
    Facts facts{};
};

/// A cause that stands for a boot.
struct RankedCause {
    std::string id, stage, cause, fix, source;
    std::vector<std::string> evidence;  ///< the line that shows it, then the facts and findings that decided
    bool confirmed = false;             ///< by a measured fact, or by the medium
};

/// The causes that stand for this boot, the likeliest first. Facts and findings refute some. Of the others
/// those come first that a fact confirms, then by the order of their lines, because the first error of a
/// chain explains the others. Consequences follow, then the errors on the medium that no cause knows, then
/// remarks. Pure.
/// @param failures  the catalogue that the causes' `failure` names are of
std::vector<RankedCause> rank_causes(const CauseEvidence& evidence, const std::vector<Cause>& causes,
                                     const std::vector<Failure>& failures);

}  // namespace lktest
