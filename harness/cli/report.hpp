// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace lktest {

/// What the user asked of `lktest report`.
struct ReportRequest {
    std::vector<std::filesystem::path> runs;
    std::optional<std::filesystem::path> output;  ///< nothing: where each run makes its directory
    std::string format = "text";                  ///< of a row of renderers()
    std::vector<std::string> command;             ///< as the user gave it, for the merged report
};

void add_report(CLI::App& app, ReportRequest& request);

/// Merges several runs into a new directory; of one, only prints. Returns the exit status of the run
/// that this is: 1 when a medium failed.
int report(const ReportRequest& request);

/// What the user asked of `lktest compare`.
struct CompareRequest {
    std::filesystem::path before, now;
};

void add_compare(CLI::App& app, CompareRequest& request);

/// Prints what changed. Returns 1 when a cell fails newly.
int compare(const CompareRequest& request);

}  // namespace lktest
