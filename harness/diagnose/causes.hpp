// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "firmware/kind.hpp"
#include "harness/diagnose/facts.hpp"
#include "harness/scenario/scenario.hpp"

namespace lktest {

/// One reason why boots fail: an entry of harness/diagnose/causes.toml, which describes the keys.
struct Cause {
    std::string id;     ///< "initramfs-of-another-architecture"
    std::string stage;  ///< "firmware", "secure-boot", "boot-loader", "kernel", "initramfs", "userspace"
    std::vector<Arch> arches;           ///< all if empty
    std::vector<Firmware> firmwares;    ///< all if empty
    std::vector<std::string> failures;  ///< names in the catalogue of failure lines
    std::vector<Pattern> patterns;
    std::vector<Pattern> last;  ///< patterns that count only among the last lines before the end
    std::vector<Pattern> without;
    std::vector<std::string> findings;  ///< ids of find_faults(); "ID WORD": only if its text has the word
    std::vector<std::string> silences;  ///< names of Silence
    std::vector<std::string> signs;     ///< of Diagnosis
    /// Names of Facts. A cause is dropped if a required fact does not hold, or a refuting one does.
    std::vector<std::string> required, refuting;
    bool strict = false;       ///< an unknown required fact drops it too
    bool inspected = false;    ///< inspect always finds it: without the finding it is dropped
    bool lasting = false;      ///< a loader's message counts even if a kernel runs
    bool consequence = false;  ///< it follows from another cause
    bool remark = false;       ///< it explains why there is little output, not why the boot ended
    std::string cause, fix,
        source;  ///< plain English, with slots for with_words(); `source` says where it is documented
};

/// Throws a usage Error with every problem of the file, each with its place.
std::vector<Cause> read_causes(const std::filesystem::path& file);

/// A fault on the path by which the medium was booted: an IsoFinding.
struct MediumFinding {
    std::string id, text, fix{};
    bool is_error = true;  ///< else a warning
};

/// Evidence from CPUs, programs and disks that no line reports.
struct Sign {
    std::string name;  ///< in causes.toml: "init-waits"
    std::string text;
};

/// All evidence about a boot that failed.
struct CauseEvidence {
    Arch arch = Arch::x86_64;
    Firmware firmware = Firmware::uefi;
    std::string stage{};             ///< the stage that the boot reached: name(BootStage)
    std::vector<std::string> lines;  ///< of the console, then of the kernel's log in memory
    std::size_t console_lines = std::numeric_limits<std::size_t>::max();  ///< how many are of the console
    std::string silence;  ///< name of the Silence; unset if there is none
    std::vector<Sign> signs{};
    std::vector<MediumFinding> medium;
    bool strict = false;     ///< an unknown required fact drops it too
    bool inspected = false;  ///< `medium` is complete: inspect ran
    Facts facts{};
};

/// A cause that applies to a boot.
struct RankedCause {
    std::string id, stage, cause, fix, source;
    std::vector<std::string> evidence;  ///< the line that shows it, then the deciding facts and findings
    bool confirmed = false;             ///< by a measured fact, or by the medium
    std::string detail = {};            ///< the end of `cause` that came from the medium; it names the file
    bool on_medium = false;  ///< an error on the medium both confirms it and is where the boot ended
};

/// The causes that apply to this boot, the likeliest first. Facts and findings refute some. Causes that a
/// fact confirms come first. The others follow in the order of their lines, because the first error of a
/// chain explains the rest. Consequences come next, then errors on the medium that no cause covers, then
/// remarks. Pure.
/// @param failures  the catalogue that the causes' `failure` names refer to
std::vector<RankedCause> rank_causes(const CauseEvidence& evidence, const std::vector<Cause>& causes,
                                     const std::vector<Failure>& failures);

}  // namespace lktest
