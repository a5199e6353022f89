// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "builder/inspect/finding.hpp"

namespace lktest {

/// All facts as one JSON object, schema "lktest.inspect/1".
/// @param name  the ISO's file name
std::string inspect_json(const std::string& name, const MediumFacts& facts,
                         const std::vector<IsoFinding>& findings, const Revocations& revocations);

}  // namespace lktest
