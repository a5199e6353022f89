// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "builder/inspect/finding.hpp"
#include "harness/report/style.hpp"

namespace lktest {

/// Text for a person: the medium from firmware to layers, then its problems.
/// @param name  the ISO's file name
std::string inspect_text(const std::string& name, const MediumFacts& facts,
                         const std::vector<IsoFinding>& findings, const Revocations& revocations,
                         const Style& style);

}  // namespace lktest
