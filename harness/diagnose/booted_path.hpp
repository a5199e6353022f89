// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "builder/inspect/finding.hpp"
#include "harness/diagnose/causes.hpp"
#include "harness/matrix/cell.hpp"

namespace lktest {

/// The findings of inspect on the path by which a cell booted this medium: its firmware's loaders, and the
/// chosen menu entry. Findings on other paths explain nothing. Pure.
/// @param command_line  of the kernel that ran, which shows the entry; if empty, all entries count
std::vector<MediumFinding> findings_on_path(MediumFacts facts, const BootCell& cell,
                                            const std::string& command_line);

/// Adds facts about the medium to `facts`: its loaders, its label, and whether the command line, or the last
/// label in `console`, names that label. Pure.
void add_medium_facts(const MediumFacts& medium, const std::string& command_line,
                      const std::vector<std::string>& console, Facts& facts);

}  // namespace lktest
