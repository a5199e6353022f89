// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "builder/inspect/medium_facts.hpp"

namespace lktest {

/// What is wrong with a medium, and what would mend it.
struct IsoFinding {
    enum class Grade {
        notice,   ///< nothing is wrong, but there is something to know about it
        warning,  ///< it boots, but not everywhere, or not so that one sees it
        error,    ///< something that it has for booting cannot work
    };
    Grade grade = Grade::error;
    std::string id;    ///< "label-mismatch": stays the same between versions
    std::string text;  ///< what was found, and what comes of it
    std::string fix;   ///< what to do
};

/// Errors first. A medium that is cut off has only that said of it: the rest would follow from it.
std::vector<IsoFinding> find_faults(const MediumFacts& facts);

/// What find_faults() looked at on this medium, and what it could not judge.
struct InspectCoverage {
    std::vector<std::string> checked, unchecked;  ///< "partition tables", "the loader on BIOS from a CD"
};
InspectCoverage coverage_of(const MediumFacts& facts);

}  // namespace lktest
