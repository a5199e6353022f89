// SPDX-License-Identifier: MIT
#include "harness/run/after_run.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <fstream>

#include "builder/base/error.hpp"
#include "builder/base/printable.hpp"
#include "harness/history/database.hpp"
#include "harness/history/pending.hpp"
#include "harness/report/github.hpp"
#include "harness/report/markdown.hpp"
#include "harness/report/tap.hpp"
#include "harness/report/text.hpp"
#include "harness/terminal/guarded_output.hpp"
#include "harness/terminal/terminal.hpp"

namespace lktest {
namespace {

constexpr std::size_t runs_of_usual = 30;

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value ? value : "";
}

/// "off" turns the summary off; a file of that name is "./off".
bool wanted(const RunOptions& options) {
    return options.history != "off";
}

std::filesystem::path history_file(const RunOptions& options) {
    return options.history.empty() ? history_in(options.output) : std::filesystem::path(options.history);
}

void warn(const Error& error) {
    fmt::print(stderr, "lktest: {}\n", printable(error.what()));
}

/// If another process holds the history's lock, the run is added later.
void remember(const std::filesystem::path& file, const results::Run& run) {
    try {
        History history(file);
        record_pending(file, history);
        history.record(run);
    } catch (const Error& error) {
        warn(error);
        try {
            fmt::print(stderr, "lktest: this run is kept in {} and added to the history later\n",
                       printable(keep_pending(file, run).string()));
        } catch (const Error& neither) {
            warn(neither);
        }
    }
}

void tell_github(const results::Run& run) {
    if (const std::string summary = variable("GITHUB_STEP_SUMMARY"); !summary.empty()) {
        std::ofstream file(summary, std::ios::app);
        file << markdown_report(run) << std::flush;
        if (!file)
            fmt::print(stderr, "lktest: cannot write the job summary {}\n", printable(summary));
    }
    // GitHub reads commands from both streams, and stdout may hold a report for programs.
    if (variable("GITHUB_ACTIONS") == "true")
        print_ci_commands(stderr, github_annotations(run));
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

void after_run(const RunOptions& options, const results::Run& run) {
    if (options.format == RunFormat::text)
        fmt::print("{}", text_report(run, style_of(stdout)));
    if (options.format == RunFormat::tap)
        fmt::print("{}", tap_report(run));
    std::fflush(stdout);
    tell_github(run);
    if (wanted(options))
        remember(history_file(options), run);
}

}  // namespace lktest
