// SPDX-License-Identifier: MIT
#include "harness/cli/after_run.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <fstream>

#include "builder/base/error.hpp"
#include "builder/base/printable.hpp"
#include "harness/cli/guarded_output.hpp"
#include "harness/history/database.hpp"
#include "harness/report/digest.hpp"

namespace lktest {
namespace {

constexpr std::size_t runs_of_usual = 30;

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value ? value : "";
}

/// "off" is no file's name here; "./off" is.
bool wanted(const RunOptions& options) {
    return options.history != "off";
}

std::filesystem::path history_file(const RunOptions& options) {
    return options.history.empty() ? default_history() : std::filesystem::path(options.history);
}

void warn(const Error& error) {
    fmt::print(stderr, "lktest: {}\n", printable(error.what()));
}

void tell_github(const SavedRun& run) {
    if (const std::string summary = variable("GITHUB_STEP_SUMMARY"); !summary.empty()) {
        std::ofstream file(summary, std::ios::app);
        file << markdown_digest(run) << std::flush;
        if (!file)
            fmt::print(stderr, "lktest: cannot write the job summary {}\n", printable(summary));
    }
    // GitHub reads its commands from either stream; stdout may be a report for programs.
    if (variable("GITHUB_ACTIONS") == "true")
        print_ci_commands(github_annotations(run));
}

}  // namespace

std::string usual_milestones(const RunOptions& options) {
    try {
        if (wanted(options))
            return usual_times(History(history_file(options)).samples(runs_of_usual)).dump();
    } catch (const Error& error) {
        warn(error);
    }
    return "{}";
}

void after_run(const RunOptions& options, const std::filesystem::path& directory) {
    try {
        const SavedRun run = read_run(directory);
        if (options.format == RunFormat::tap)
            fmt::print("{}", tap_digest(run));
        tell_github(run);
        if (wanted(options))
            History(history_file(options)).record(run);
    } catch (const Error& error) {
        warn(error);
    }
}

}  // namespace lktest
