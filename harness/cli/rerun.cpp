// SPDX-License-Identifier: MIT
#include "harness/cli/rerun.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "builder/base/error.hpp"
#include "harness/cli/app.hpp"
#include "harness/results/json.hpp"

namespace lktest {

void add_rerun(CLI::App& app, RerunRequest& request) {
    app.add_option("DIR", request.run, "the run, or the directory of runs: then its last one")
        ->type_name("DIR")
        ->default_str("lktest-results");
    app.add_flag("--failed", request.failed, "only the cells that did not pass");
}

RunOptions options_again(const RerunRequest& request) {
    const results::Run run = results::read_run(request.run);
    if (run.command.size() < 2 || run.command[1] != "run")
        throw usage_error(fmt::format("{} was not made by `lktest run`", run.directory.string()),
                          "give one of the runs that were merged in it");
    Invocation invocation;
    const auto app = make_app(invocation);
    std::vector<std::string> words(run.command.begin() + 1, run.command.end());
    std::ranges::reverse(words);  // as CLI11 takes them
    try {
        app->parse(words);
    } catch (const CLI::ParseError& error) {
        throw explain(*app, error);
    }
    RunOptions options = std::move(invocation.run);
    options.command = run.command;
    if (!request.failed)
        return options;
    for (const results::CellResult& cell : run.cells)
        if (cell.bootable() && !cell.passed())
            options.only.push_back(cell.cell.name);
    if (options.only.empty())
        throw usage_error(fmt::format("every cell of {} passed", run.directory.string()),
                          "leave --failed out to boot all of them again");
    return options;
}

}  // namespace lktest
