// SPDX-License-Identifier: MIT
#include "harness/cli/history.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "builder/base/error.hpp"
#include "builder/base/printable.hpp"
#include "harness/cli/option.hpp"
#include "harness/history/database.hpp"
#include "harness/history/pending.hpp"
#include "harness/results/json.hpp"
#include "harness/results/run_files.hpp"
#include "harness/terminal/terminal.hpp"

namespace lktest {
namespace {

constexpr std::size_t samples_shown = 60;
/// At most 1 % of unchanged builds are reported as slower.
constexpr double alpha = 0.01;

}  // namespace

void add_history(CLI::App& app, HistoryRequest& request) {
    app.add_option("CELL", request.cell, "only cells whose names contain this word")->type_name("CELL");
    add_repeatable(app, "--add", "DIR", "add a run of another machine first", "none",
                   [&request](const std::string& word) { request.add.emplace_back(word); });
    add_single(app, "--history", "FILE", "database", "lktest-results/history.db",
               [&request](const std::string& word) { request.file = word; });
    add_single(
        app, "--recent", "N", "passes to compare with earlier ones", "5",
        [&request](const std::string& word) { request.recent = parse_number("--recent", word, 2, 50); });
    app.add_flag("--fail-on-regression", request.fail_on_regression,
                 "exit with 1 if a stage became slower (Mann-Whitney U test)");
    app.add_flag("--json", request.json, "print JSON");
}

int history(const HistoryRequest& request) {
    const std::filesystem::path file =
        request.file.empty() ? history_in(results::default_directory) : request.file;
    std::error_code none;
    if (request.add.empty() && !std::filesystem::exists(file, none)) {
        if (request.json)
            fmt::print("{}", json_trends({}));
        else
            fmt::print("no run is recorded in {}\n", printable(file.string()));
        return static_cast<int>(ExitCode::passed);
    }
    History database(file);
    record_pending(file, database);
    for (const std::filesystem::path& run : request.add)
        database.record(results::read_run(run));
    std::vector<Sample> samples = database.samples(samples_shown);
    std::erase_if(samples,
                  [&](const Sample& sample) { return sample.cell.find(request.cell) == std::string::npos; });
    if (samples.empty() && !request.json) {
        fmt::print("{}\n", request.cell.empty()
                               ? fmt::format("no run is recorded in {}", printable(file.string()))
                               : fmt::format("no cell with '{}' in its name is recorded", request.cell));
        return static_cast<int>(ExitCode::passed);
    }
    const std::vector<CellTrend> found = trends(samples, request.recent, alpha);
    fmt::print("{}", request.json ? json_trends(found) : text_trends(found, style_of(stdout)));
    const bool slower =
        std::ranges::any_of(found, [](const CellTrend& trend) { return !trend.regressions.empty(); });
    return static_cast<int>(slower && request.fail_on_regression ? ExitCode::boot_failed : ExitCode::passed);
}

}  // namespace lktest
