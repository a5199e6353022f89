// SPDX-License-Identifier: MIT
#include "harness/cli/matrix.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "builder/base/json_text.hpp"
#include "harness/cli/run_plan.hpp"
#include "harness/report/json.hpp"

namespace lktest {
namespace {

std::size_t count_applicable(const std::vector<PlannedCell>& cells) {
    return static_cast<std::size_t>(std::ranges::count_if(
        cells, [](const PlannedCell& planned) { return !planned.not_applicable.has_value(); }));
}

}  // namespace

void add_matrix(CLI::App& app, MatrixOptions& options) {
    add_cells(app, options.run);
    app.add_flag("--json", options.json, "for programs");
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
    text += fmt::format("{} {} can be booted", applicable, applicable == 1 ? "cell" : "cells");
    if (others > 0)
        text += fmt::format(" · {} not applicable", others);
    return text + "\n";
}

std::string matrix_json(const std::vector<PlannedCell>& cells) {
    Json json = {
        {"schema", "lktest.cells/1"}, {"applicable", count_applicable(cells)}, {"cells", Json::array()}};
    for (const PlannedCell& planned : cells) {
        Json cell = json_cell(planned.cell);
        cell["not_applicable"] = planned.not_applicable ? Json(*planned.not_applicable) : Json();
        json["cells"].push_back(std::move(cell));
    }
    return json.dump(2) + "\n";
}

int matrix(const MatrixOptions& options) {
    const RunPlan plan = plan_run(options.run);
    fmt::print("{}", options.json ? matrix_json(plan.cells) : matrix_text(plan.cells));
    return static_cast<int>(ExitCode::passed);
}

}  // namespace lktest
