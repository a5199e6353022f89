// SPDX-License-Identifier: MIT
#include "harness/cli/report.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <array>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "builder/base/printable.hpp"
#include "harness/cli/option.hpp"
#include "harness/cli/terminal.hpp"
#include "harness/report/compare.hpp"
#include "harness/report/digest.hpp"
#include "harness/report/html.hpp"
#include "harness/report/merge.hpp"
#include "harness/report/pack.hpp"
#include "harness/report/store.hpp"
#include "harness/results/run_files.hpp"

namespace lktest {
namespace {

namespace fs = std::filesystem;

/// In the order of ReportFormat.
constexpr std::array<std::string_view, 3> report_formats{"text", "markdown", "tap"};

std::string junit_of(const SavedRun& run) {
    std::error_code none;
    const fs::path file = run.directory / "junit.xml";
    return fs::exists(file, none) ? read_file(file) : "";
}

/// Writes the merged run as a run of its own.
SavedRun write_merged(const std::vector<SavedRun>& runs, const ReportRequest& request) {
    std::vector<std::string> junits;
    junits.reserve(runs.size());
    for (const SavedRun& run : runs)
        junits.push_back(junit_of(run));
    const MergedRun merged = merge(runs, junits, request.command);
    const RunDirectory made = RunDirectory::create(request.output.value_or("lktest-results"));
    const std::string matrix = merged.matrix.dump(2) + "\n";
    SavedRun run = parse_run(matrix, made.path() / "matrix.json");
    std::vector<std::string> cells;
    for (std::size_t i = 0; i < run.cells.size(); ++i) {
        const fs::path to = made.path() / run.cells[i].name;
        for (const std::string& left_out :
             results::copy_cell(runs[merged.origin[i]].directory, run.cells[i].name, to))
            fmt::print(stderr, "lktest: left out {}\n", printable(left_out));
        cells.push_back(pack_cell(to, run.cells.size()));
    }
    write_file(made.path() / "matrix.json", matrix);
    write_file(made.path() / "junit.xml", merged.junit);
    write_file(made.path() / "index.html", html_page(matrix, cells));
    return run;
}

void print(const SavedRun& run, ReportFormat format) {
    switch (format) {
        case ReportFormat::text: fmt::print("{}", text_digest(run, style_of(stdout))); return;
        case ReportFormat::markdown: fmt::print("{}", markdown_digest(run)); return;
        case ReportFormat::tap: fmt::print("{}", tap_digest(run)); return;
    }
}

}  // namespace

void add_report(CLI::App& app, ReportRequest& request) {
    app.add_option("DIR", request.runs,
                   "runs (shards, machines, repetitions); the last result of each cell counts")
        ->type_name("DIR")
        ->required();
    add_single(app, "--format", alternatives(report_formats), "format of the output", "text",
               [&request](const std::string& word) {
                   request.format = static_cast<ReportFormat>(choose("--format", word, report_formats));
               });
    add_single(app, "-o,--output", "DIR", "directory for the merged run", "lktest-results",
               [&request](const std::string& word) { request.output = word; });
}

int report(const ReportRequest& request) {
    std::vector<SavedRun> runs;
    for (const fs::path& path : request.runs)
        runs.push_back(read_run(path));
    const bool merges = runs.size() > 1 || request.output;
    const SavedRun run = merges ? write_merged(runs, request) : std::move(runs.front());
    print(run, request.format);
    if (merges && request.format == ReportFormat::text)
        fmt::print("  report: {}/\n", printable(run.directory.string()));
    return exit_status(run);
}

void add_compare(CLI::App& app, CompareRequest& request) {
    app.add_option("BEFORE", request.before, "the earlier run")->type_name("DIR")->required();
    app.add_option("NOW", request.now, "the later run")->type_name("DIR")->required();
}

int compare(const CompareRequest& request) {
    const Comparison found = compare(read_run(request.before), read_run(request.now));
    fmt::print("{}", text_comparison(found, style_of(stdout)));
    return static_cast<int>(found.newly_failing.empty() ? ExitCode::passed : ExitCode::boot_failed);
}

}  // namespace lktest
