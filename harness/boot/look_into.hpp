// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "harness/boot/onlooker.hpp"
#include "harness/diagnose/diagnosis.hpp"

namespace lktest {

/// By what a guest is judged that is looked into.
struct Knowledge {
    const BootCell& cell;
    const Scenario& scenario;
    const std::vector<Failure>& failures;
    const std::vector<Cause>& causes;
};

/// What was found out about a guest from outside.
struct Findings {
    Examination seen;
    Diagnosis diagnosis;
};

/// Looks at a guest from outside, which is paused from then on, and says what that tells. Blocks for about
/// 0.3 s; not on the thread that drains the guest's console.
/// @param known    what is known of it beside: milestones, resets; samples of its CPUs that were taken when
///                 it was paused
/// @param console  what it said since its last reset
/// @param booted   no cause of a boot that fails is looked for
Findings look_into(Onlooker& onlooker, Domain& guest, Examination known, std::vector<std::string> console,
                   const Knowledge& knowledge, bool booted);

/// Writes diagnosis.json, cpus.txt and, when there is one, kernel.log.
void write_findings(const Findings& findings, const std::filesystem::path& directory);

/// Writes screen.png, or screen.ppm of a libvirt that makes no PNG. A guest without a display, or that is
/// gone, has none.
void write_screen(const Domain& guest, const std::filesystem::path& directory);

}  // namespace lktest
