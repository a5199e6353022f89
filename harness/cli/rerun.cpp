// SPDX-License-Identifier: MIT
#include "harness/cli/rerun.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "builder/base/error.hpp"
#include "builder/base/printable.hpp"
#include "harness/cli/app.hpp"
#include "harness/results/json.hpp"
#include "harness/results/run_files.hpp"
#include "harness/run/shell.hpp"

namespace lktest {
namespace {

/// The command of a run, or the one that all runs of a merged run share: theirs, without their parts of the
/// cells.
std::vector<std::string> command_of(const results::Run& run) {
    constexpr std::array<std::string_view, 10> of_a_part{"--shard",  "--timings", "--cell", "--history",
                                                         "--format", "--output",  "--jobs", "--media",
                                                         "-o",       "-j"};
    if (run.runs.empty())
        return run.command;
    const std::vector<std::string> shared = without_options(run.runs.front().command, of_a_part);
    for (const results::MergedRun& part : run.runs)
        if (without_options(part.command, of_a_part) != shared)
            throw usage_error(fmt::format("the runs that were merged into {} have different options",
                                          printable(run.directory.string())),
                              fmt::format("rerun them one by one: {} and {} differ",
                                          printable(run.runs.front().directory), printable(part.directory)));
    return shared;
}

}  // namespace

void add_rerun(CLI::App& app, RerunRequest& request) {
    app.add_option("DIR", request.run, "a run, or a directory of runs (its last one is used)")
        ->type_name("DIR")
        ->default_str(results::default_directory);
    app.add_flag("--allow-host-steps", request.host_steps,
                 "run the host steps of scenarios that lktest did not ship");
    app.add_flag("--failed", request.failed, "only cells that did not pass");
}

RunOptions options_again(const RerunRequest& request) {
    const results::Run run = results::read_run(request.run);
    std::vector<std::string> command = command_of(run);
    if (command.size() < 2 || command[1] != "run")
        throw usage_error(fmt::format("{} was not made by `lktest run`", printable(run.directory.string())),
                          "give the directory of a run");
    Invocation invocation;
    const auto app = make_app(invocation);
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
    if (!request.failed && run.runs.empty())
        return options;
    for (const results::CellResult& cell : run.cells)
        if (cell.bootable() && !(request.failed && cell.passed()))
            options.only.push_back(cell.cell.name);
    if (options.only.empty())
        throw usage_error(fmt::format("every cell of {} passed", run.directory.string()),
                          "omit --failed to boot all of them again");
    return options;
}

}  // namespace lktest
