// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "harness/matrix/cell.hpp"
#include "harness/matrix/verdict.hpp"
#include "harness/scenario/scenario.hpp"

namespace lktest {

/// A known failure, and until when it is tolerated.
struct KnownFailure {
    Pattern cells;       ///< matched anywhere in a cell's name
    Pattern failure;     ///< matched in its outcome, reason or evidence; null for any failure
    std::string reason;  ///< why it is tolerated
    std::string link;    ///< URL of its issue; may be empty
    std::chrono::year_month_day expires{};  ///< the last day
    Place place;
};

/// Reads a file of [[known]] tables; scenarios/README.md describes it. Throws a usage Error with every
/// problem in the file.
std::vector<KnownFailure> read_known_failures(const std::filesystem::path& file);

/// Applies the known failures to a verdict: a tolerated failure is reported as known. One that has expired
/// fails and says so.
/// @param today  UTC
Verdict in_the_light_of(const std::vector<KnownFailure>& known, const BootCell& cell, Verdict verdict,
                        std::chrono::year_month_day today);

}  // namespace lktest
