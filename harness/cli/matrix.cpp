// SPDX-License-Identifier: MIT
#include "harness/cli/matrix.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>

#include "builder/base/error.hpp"
#include "builder/base/json_text.hpp"
#include "harness/cli/option.hpp"
#include "harness/cli/run_options.hpp"
#include "harness/report/style.hpp"
#include "harness/results/json.hpp"
#include "harness/run/run_plan.hpp"

namespace lktest {
namespace {

/// In the order of Format.
constexpr std::array<std::string_view, 4> matrix_formats{"text", "json", "github", "gitlab"};

constexpr std::size_t most_jobs = 256;  // GitHub's limit for a matrix

std::size_t count_applicable(const std::vector<PlannedCell>& cells) {
    return static_cast<std::size_t>(std::ranges::count_if(
        cells, [](const PlannedCell& planned) { return !planned.not_applicable.has_value(); }));
}

}  // namespace

void add_matrix(CLI::App& app, MatrixOptions& options) {
    add_cells(app, options.run);
    add_single(app, "--format", alternatives(matrix_formats), "text, JSON, or jobs of a CI system", "text",
               [&options](const std::string& word) {
                   options.format =
                       static_cast<MatrixOptions::Format>(choose("--format", word, matrix_formats));
               });
    app.add_flag_callback(
        "--json", [&options] { options.format = MatrixOptions::Format::json; }, "the same as --format json");
    add_single(app, "--shards", "N", "number of jobs for github and gitlab, of about equal duration",
               "one per cell", [&options](const std::string& word) {
                   options.shards = static_cast<unsigned>(parse_number("--shards", word, 1, most_jobs));
               });
}

std::string matrix_text(const std::vector<PlannedCell>& cells) {
    std::string text;
    for (const PlannedCell& planned : cells)
        if (!planned.not_applicable)
            text += printable(name(planned.cell)) + "\n";
    for (const PlannedCell& planned : cells)
        if (planned.not_applicable)
            text += fmt::format("– {}: {}\n", printable(name(planned.cell)), *planned.not_applicable);
    const std::size_t applicable = count_applicable(cells), others = cells.size() - applicable;
    text += counted(applicable, "cell") + " can be booted";
    if (others > 0)
        text += fmt::format(" · {} not applicable", others);
    return text + "\n";
}

std::string matrix_json(const std::vector<PlannedCell>& cells) {
    Json json = {
        {"schema", "lktest.cells/1"}, {"applicable", count_applicable(cells)}, {"cells", Json::array()}};
    for (const PlannedCell& planned : cells) {
        Json cell = results::to_json(results::Cell(planned.cell));
        cell["not_applicable"] = planned.not_applicable ? Json(*planned.not_applicable) : Json();
        json["cells"].push_back(std::move(cell));
    }
    return json_output(json, 2) + "\n";
}

std::vector<Job> jobs_of(const MatrixOptions& options, const std::vector<PlannedCell>& cells) {
    if (options.shards)
        return shard_jobs(options.command, *options.shards);
    std::vector<Job> jobs;
    for (const PlannedCell& planned : cells)
        if (!planned.not_applicable)
            jobs.push_back({printable(name(planned.cell)), reproducing_options(options.run, planned.cell)});
    if (jobs.size() > most_jobs)
        throw usage_error(
            fmt::format("{} cells are too many jobs for GitHub, which allows {}", jobs.size(), most_jobs),
            "use --shards N to put several cells into each job");
    return jobs;
}

int matrix(const MatrixOptions& options) {
    using Format = MatrixOptions::Format;
    const bool jobs = options.format == Format::github || options.format == Format::gitlab;
    if (options.shards && !jobs)
        throw usage_error("--shards applies only to CI jobs", "add --format github or --format gitlab");
    const RunPlan plan = plan_run(options.run);
    switch (options.format) {
        case Format::text: fmt::print("{}", matrix_text(plan.cells)); break;
        case Format::json: fmt::print("{}", matrix_json(plan.cells)); break;
        case Format::github: fmt::print("{}", github_matrix(jobs_of(options, plan.cells))); break;
        case Format::gitlab: fmt::print("{}", gitlab_jobs(jobs_of(options, plan.cells))); break;
    }
    return static_cast<int>(ExitCode::passed);
}

}  // namespace lktest
