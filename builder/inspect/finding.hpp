// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "builder/inspect/medium_facts.hpp"
#include "builder/inspect/revocations.hpp"

namespace lktest {

/// A fault of a medium, and how to fix it.
struct IsoFinding {
    enum class Grade {
        notice,   ///< not a fault, but worth knowing
        warning,  ///< it boots, but not on every machine, or not visibly
        error,    ///< part of its boot setup cannot work
    };
    Grade grade = Grade::error;
    std::string id;    ///< "label-mismatch": stays the same between versions
    std::string text;  ///< the fault and its effect
    std::string fix;   ///< the remedy
};

/// Errors first. If a medium is cut off, that is the only finding, because the others would follow from it.
std::vector<IsoFinding> find_faults(const MediumFacts& facts, const Revocations& revocations = {});

/// The parts of this medium that find_faults() examined, and those that it could not judge.
struct InspectCoverage {
    std::vector<std::string> checked, unchecked;  ///< "partition tables", "the loader on BIOS from a CD"
};
/// Both are empty for a medium that is cut off.
InspectCoverage coverage_of(const MediumFacts& facts);

}  // namespace lktest
