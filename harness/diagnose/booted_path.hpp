// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "builder/inspect/finding.hpp"
#include "harness/diagnose/causes.hpp"
#include "harness/matrix/cell.hpp"

namespace lktest {

/// The findings of inspect on the way by which a cell booted this medium: its firmware's loaders, and the
/// menu entry that was chosen. Findings on other ways explain nothing. Pure.
/// @param command_line  of the kernel that ran, which shows the entry; empty: all entries count
std::vector<MediumFinding> findings_on_path(MediumFacts facts, const BootCell& cell,
                                            const std::string& command_line);

/// Adds to `facts` what the medium shows beyond its faults: its loaders, its label, and whether that is the
/// label that the command line names, or that `console` spoke of last. Pure.
void add_medium_facts(const MediumFacts& medium, const std::string& command_line,
                      const std::vector<std::string>& console, Facts& facts);

}  // namespace lktest
