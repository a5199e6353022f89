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

/// A failure that somebody knows of, and until when it is put up with.
struct KnownFailure {
    Pattern cells;                          ///< matched anywhere in a cell's name
    Pattern failure;                        ///< in its outcome, reason or evidence; null: any failure
    std::string reason;                     ///< why it is put up with
    std::string link;                       ///< where it is dealt with
    std::chrono::year_month_day expires{};  ///< the last day
    Place place;
};

/// Reads a file of [[known]] tables; scenarios/README.md describes it. Throws a usage Error with every
/// problem of the file.
std::vector<KnownFailure> read_known_failures(const std::filesystem::path& file);

/// The verdict as it is in the light of what is known: a failure that is put up with is told as such, and
/// one whose day is over fails, and says so.
/// @param today  UTC
Verdict in_the_light_of(const std::vector<KnownFailure>& known, const BootCell& cell, Verdict verdict,
                        std::chrono::year_month_day today);

}  // namespace lktest
