// SPDX-License-Identifier: MIT
#include "harness/cli/report.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "builder/base/error.hpp"
#include "builder/base/printable.hpp"
#include "harness/cli/option.hpp"
#include "harness/report/comparison.hpp"
#include "harness/report/pack.hpp"
#include "harness/report/renderers.hpp"
#include "harness/report/store.hpp"
#include "harness/results/json.hpp"
#include "harness/results/merge.hpp"
#include "harness/results/run_files.hpp"
#include "harness/terminal/guarded_output.hpp"
#include "harness/terminal/terminal.hpp"

namespace lktest {
namespace {

namespace fs = std::filesystem;

/// The formats that can be printed. The HTML page is left to the browser.
std::vector<std::string_view> report_formats() {
    std::vector<std::string_view> formats;
    for (const Renderer& row : renderers())
        if (row.format != "html")
            formats.push_back(row.format);
    return formats;
}

/// Writes the merged run to a new run directory.
results::Run write_merged(const std::vector<results::Run>& runs, const ReportRequest& request) {
    results::Merge merged = results::merge(runs, request.command);
    results::Run& run = merged.run;
    const RunDirectory made = RunDirectory::create(request.output.value_or(results::default_directory));
    run.directory = made.path();
    std::vector<std::string> cells;
    for (std::size_t i = 0; i < run.cells.size(); ++i) {
        const std::string& cell = run.cells[i].cell.name;
        for (const std::string& left_out :
             results::copy_cell(runs[merged.origin[i]].directory, cell, made.path() / cell))
            fmt::print(stderr, "lktest: skipped {}\n", printable(left_out));
        cells.push_back(pack_cell(made.path() / cell, run.cells.size()));
    }
    made.write(run);
    made.write_page(run, {.cells = cells});
    fmt::print(stderr, "lktest: merged into {}\n", printable(made.path().string()));
    return run;
}

void print(const results::Run& run, const results::Run* base, std::string_view format) {
    const std::string text = renderer(format).render(run, {.style = style_of(stdout), .base = base});
    if (format == "github")
        print_ci_commands(stdout, text);
    else
        fmt::print("{}", text);
}

}  // namespace

void add_report(CLI::App& app, ReportRequest& request) {
    app.add_option("DIR", request.runs,
                   "runs (shards, machines, repetitions); each cell's last finished result counts")
        ->type_name("DIR")
        ->required();
    add_single(app, "--format", alternatives(report_formats()), "how to print it", "text",
               [&request](const std::string& word) {
                   const std::vector<std::string_view> formats = report_formats();
                   request.format = formats[choose("--format", word, formats)];
               });
    add_single(app, "--base", "DIR", "earlier run to compare with, in markdown and comment", "none",
               [&request](const std::string& word) { request.base = word; });
    add_single(app, "-o,--output", "DIR", "directory for the merged run", results::default_directory,
               [&request](const std::string& word) { request.output = word; });
}

int report(const ReportRequest& request) {
    std::vector<results::Run> runs;
    for (const fs::path& path : request.runs)
        runs.push_back(results::read_run(path));
    const bool merges = runs.size() > 1 || request.output;
    const results::Run run = merges ? write_merged(runs, request) : std::move(runs.front());
    std::optional<results::Run> base;
    if (!request.base.empty())
        base = results::read_run(request.base);
    print(run, base ? &*base : nullptr, request.format);
    return static_cast<int>(exit_code(run));
}

void add_compare(CLI::App& app, CompareRequest& request) {
    app.add_option("BEFORE", request.before, "the earlier run")->type_name("BEFORE")->required();
    app.add_option("NOW", request.now, "the later run")->type_name("NOW")->required();
}

int compare(const CompareRequest& request) {
    const results::Comparison found =
        results::compare(results::read_run(request.before), results::read_run(request.now));
    fmt::print("{}", text_comparison(found, style_of(stdout)));
    return static_cast<int>(found.newly_failing.empty() ? ExitCode::passed : ExitCode::boot_failed);
}

}  // namespace lktest
