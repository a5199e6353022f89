// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "builder/base/json_text.hpp"

namespace lktest {

struct SavedMilestone {
    std::string name;
    double at = 0;  ///< seconds since power-on
};

/// What matrix.json says of a cell, as far as anybody but the page looks at it. All text is printable.
struct SavedCell {
    std::string name, scenario, arch;
    std::string outcome, outcome_class;  ///< empty: it has not ended
    double seconds = 0;                  ///< from power-on to the verdict
    std::string reached, missing, reason, hint, reproduce;
    std::vector<std::string> evidence;
    std::vector<SavedMilestone> milestones;

    bool passed() const { return outcome_class == "passed"; }
    bool bootable() const { return outcome_class != "not-applicable"; }
    /// The medium failed, or the host.
    bool failed() const { return outcome_class == "product-failure" || outcome_class == "host-failure"; }
};

/// A run that was written before: by this lktest, by another one, or on another machine.
struct SavedRun {
    std::filesystem::path directory;  ///< where its matrix.json lies
    Json matrix;                      ///< all of it, with keys that a later lktest may have added
    std::string started;              ///< ISO 8601, UTC
    double seconds = 0;
    bool complete = false;
    std::vector<std::string> command;
    std::vector<SavedCell> cells;
};

/// Reads a run from its directory, from its matrix.json, or from the directory that runs are in (then the
/// last one). Throws a usage Error that names the file and what is wrong with it.
SavedRun read_run(const std::filesystem::path& path);

/// The same of a text. @param name  what errors call it
SavedRun parse_run(const std::string& text, const std::filesystem::path& name);

/// 0, 1 or 3, by the rules of exit_code(RunReport).
int exit_status(const SavedRun& run);

/// "2 of 3 cells passed (1 failed) · 1 not applicable".
std::string counts_line(const SavedRun& run);

}  // namespace lktest
