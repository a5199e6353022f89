// SPDX-License-Identifier: MIT
#include "harness/cli/debug.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <exception>
#include <thread>

#include "harness/boot/control.hpp"
#include "harness/cli/option.hpp"
#include "harness/cli/run_options.hpp"
#include "harness/run/run_floor.hpp"
#include "harness/run/run_plan.hpp"
#include "harness/terminal/terminal_relay.hpp"

namespace lktest {
namespace {

namespace asio = boost::asio;
using asio::local::stream_protocol;

/// Reduces the plan to the cell to debug.
void select_one(RunPlan& plan) {
    std::erase_if(plan.cells, [](const PlannedCell& planned) { return planned.not_applicable.has_value(); });
    if (plan.cells.size() == 1)
        return;
    std::string names;
    for (const PlannedCell& planned : plan.cells)
        names += (names.empty() ? "" : ", ") + name(planned.cell);
    throw usage_error(plan.cells.empty()
                          ? "no machine matches these options"
                          : fmt::format("only one cell can be debugged at a time, not {}", names),
                      "choose one: --arch x86_64 --firmware uefi; 'lktest matrix' lists them");
}

void check_milestone(const std::string& wanted, const Scenario& scenario) {
    if (wanted.empty() ||
        std::ranges::find(scenario.milestones, wanted, &Milestone::name) != scenario.milestones.end())
        return;
    std::string names;
    for (const Milestone& milestone : scenario.milestones)
        names += (names.empty() ? "" : ", ") + milestone.name;
    throw usage_error(fmt::format("the scenario has no milestone '{}'", wanted),
                      "its milestones are " + names);
}

int debug_inside(const RunInput& input, const StopPoint& stop,
                 const std::filesystem::path& private_directory) {
    RunFloor floor(input, private_directory);
    const PlannedCell& planned = input.plan.cells.front();
    const auto theirs = std::make_shared<stream_protocol::socket>(floor.io);
    stream_protocol::socket ours(floor.io);
    asio::local::connect_pair(*theirs, ours);
    const Control control(floor.io, input.directory.path(), floor.host.guests);
    std::thread terminal([&ours] { relay_terminal(ours.native_handle()); });
    std::exception_ptr fault;
    const auto ended = [&](std::exception_ptr thrown) {
        fault = thrown;
        boost::system::error_code ignored;
        theirs->shutdown(stream_protocol::socket::shutdown_both, ignored);
        floor.io.stop();
    };
    asio::co_spawn(floor.io,
                   debug(floor.host, planned.cell, floor.scenarios.at(planned.cell.scenario),
                         input.directory.cell_directory(planned.cell), stop, theirs),
                   ended);
    floor.io.run();
    terminal.join();
    floor.workers.join();
    floor.io.restart();
    floor.io.poll();
    if (fault)
        std::rethrow_exception(fault);
    fmt::print("\n");
    return static_cast<int>(ExitCode::passed);
}

}  // namespace

void add_debug(CLI::App& app, DebugRequest& request) {
    add_debugged(app, request.run);
    add_single(app, "--stop-at", "MILESTONE", "pause the guest at this milestone of the scenario", "never",
               [&request](const std::string& word) { request.stop.milestone = word; });
    add_single(app, "--snapshot-at", "MILESTONE",
               "take a snapshot at this milestone; 'restore' at the prompt returns to it", "none",
               [&request](const std::string& word) { request.stop.snapshot = word; });
    add_single(app, "--at", "kernel-entry", "pause the guest when a CPU first executes the kernel", "never",
               [&request](const std::string& word) {
                   constexpr std::array<std::string_view, 1> places{"kernel-entry"};
                   choose("--at", word, places);
                   request.stop.kernel_entry = true;
               });
}

int debug(const DebugRequest& request) {
    RunPlan plan = plan_run(request.run);
    select_one(plan);
    const Scenario& scenario = plan.scenarios.at(plan.cells.front().cell.scenario);
    for (const std::string& milestone : {request.stop.milestone, request.stop.snapshot})
        check_milestone(milestone, scenario);
    return in_run(request.run, std::move(plan),
                  [&](const RunInput& input, const std::filesystem::path& private_directory) {
                      return debug_inside(input, request.stop, private_directory);
                  })
        .status;
}

}  // namespace lktest
