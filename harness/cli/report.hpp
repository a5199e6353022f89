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

/// Options of `lktest report`.
struct ReportRequest {
    std::vector<std::filesystem::path> runs;
    std::optional<std::filesystem::path> output;  ///< unset for the usual directory of runs
    std::filesystem::path base;                   ///< an earlier run to compare with; empty for none
    std::string format = "text";                  ///< the name of a row of renderers()
    std::vector<std::string> command;             ///< the user's command line, for the merged report
};

void add_report(CLI::App& app, ReportRequest& request);

/// Merges several runs into a new directory, or just prints a single one. Returns the exit status of the
/// resulting run: 1 if a medium failed.
int report(const ReportRequest& request);

/// Options of `lktest compare`.
struct CompareRequest {
    std::filesystem::path before, now;
};

void add_compare(CLI::App& app, CompareRequest& request);

/// Prints the changes. Returns 1 if a cell has started to fail.
int compare(const CompareRequest& request);

}  // namespace lktest
