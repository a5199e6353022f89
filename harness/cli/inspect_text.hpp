// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "builder/inspect/finding.hpp"
#include "harness/report/style.hpp"

namespace lktest {

/// What a person reads: the medium from firmware to layers, then what is wrong with it.
/// @param name  the ISO's file name
std::string inspect_text(const std::string& name, const MediumFacts& facts,
                         const std::vector<IsoFinding>& findings, const Style& style);

}  // namespace lktest
