// SPDX-License-Identifier: MIT
#include "harness/cli/rerun.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "builder/base/error.hpp"
#include "harness/cli/app.hpp"
#include "harness/results/json.hpp"

namespace lktest {

void add_rerun(CLI::App& app, RerunRequest& request) {
    app.add_option("DIR", request.run, "a run, or a directory of runs (its last one is used)")
        ->type_name("DIR")
        ->default_str("lktest-results");
    app.add_flag("--allow-host-steps", request.host_steps,
                 "run the host steps of scenarios that lktest did not ship");
    app.add_flag("--failed", request.failed, "only cells that did not pass");
}

RunOptions options_again(const RerunRequest& request) {
    const results::Run run = results::read_run(request.run);
    if (run.command.size() < 2 || run.command[1] != "run")
        throw usage_error(fmt::format("{} was not made by `lktest run`", run.directory.string()),
                          "name one of the runs that were merged into it");
    Invocation invocation;
    const auto app = make_app(invocation);
    std::vector<std::string> command = run.command;
    std::erase_if(command, [](const std::string& word) { return word.starts_with("--allow-host-steps"); });
    if (request.host_steps)
        command.emplace_back("--allow-host-steps");
    std::vector<std::string> words(command.begin() + 1, command.end());
    std::ranges::reverse(words);  // CLI11 expects them in reverse
    try {
        app->parse(words);
    } catch (const CLI::ParseError& error) {
        throw explain(*app, error);
    }
    RunOptions options = std::move(invocation.run);
    options.command = std::move(command);
    if (!request.failed)
        return options;
    for (const results::CellResult& cell : run.cells)
        if (cell.bootable() && !cell.passed())
            options.only.push_back(cell.cell.name);
    if (options.only.empty())
        throw usage_error(fmt::format("every cell of {} passed", run.directory.string()),
                          "omit --failed to boot all of them again");
    return options;
}

}  // namespace lktest
