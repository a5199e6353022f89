// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "harness/boot/onlooker.hpp"
#include "harness/diagnose/diagnosis.hpp"
#include "harness/diagnose/secure_boot_facts.hpp"

namespace lktest {

/// Background knowledge for judging a guest.
struct Knowledge {
    const BootCell& cell;
    const Scenario& scenario;
    const std::vector<Failure>& failures;
    const std::vector<Cause>& causes;
    MachineKeys keys{};  ///< of a machine with Secure Boot
};

/// The result of looking at a guest from outside.
struct Findings {
    Examination seen;
    Diagnosis diagnosis;
};

/// Looks at a guest from outside, which pauses it permanently, and interprets the result. Blocks for about
/// 0.3 s; must not run on the thread that drains the guest's console.
/// @param known    milestones, resets, and samples of its CPUs that were taken when it was paused
/// @param console  its output since the last reset
/// @param booted   nothing has failed: skips the search for a cause
Findings look_into(Onlooker& onlooker, Domain& guest, Examination known, std::vector<std::string> console,
                   const Knowledge& knowledge, bool booted);

/// Writes diagnosis.json, cpus.txt and, if there is one, kernel.log.
void write_findings(const Findings& findings, const std::filesystem::path& directory);

/// Writes screen.png, or screen.ppm if libvirt cannot create PNG. A guest without a display, or one that has
/// gone, has none.
void write_screen(const Domain& guest, const std::filesystem::path& directory);

}  // namespace lktest
