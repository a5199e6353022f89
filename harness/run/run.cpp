// SPDX-License-Identifier: MIT
#include "harness/run/run.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "builder/base/file.hpp"
#include "builder/base/host_limits.hpp"
#include "builder/stick_loader.hpp"
#include "firmware/find.hpp"
#include "harness/boot/host.hpp"
#include "harness/console/failures.hpp"
#include "harness/diagnose/causes.hpp"
#include "harness/machine/probe.hpp"
#include "harness/machine/shared_directory.hpp"
#include "harness/net/jail.hpp"
#include "harness/report/store.hpp"
#include "harness/run/after_run.hpp"
#include "harness/run/lookup.hpp"
#include "harness/run/own_media.hpp"
#include "harness/run/run_inside.hpp"
#include "harness/run/run_plan.hpp"
#include "harness/run/select_cells.hpp"
#include "harness/run/slurm_run.hpp"

namespace lktest {
namespace {

/// Throws if the network that the cells need is unavailable, before any cell starts.
void check_network(const RunOptions& options, const RunPlan& plan) {
    if (options.network != Network::tap) {
        if (std::ranges::any_of(plan.cells, [](const PlannedCell& planned) {
                return !planned.not_applicable && from_network(planned.cell.medium);
            }))
            throw usage_error("booting over the network requires --network tap", "omit --network");
        for (const PlannedCell& planned : plan.cells)
            if (!planned.not_applicable && !plan.scenarios.at(planned.cell.scenario).served.empty())
                throw usage_error(
                    fmt::format("scenario '{}' uses its web server, which requires --network tap",
                                planned.cell.scenario),
                    "omit --network");
        return;
    }
    if (!options.connect.empty())
        throw usage_error(
            fmt::format("a daemon ({}) cannot reach lktest's own tap devices", options.connect.front()),
            "add --network user, or omit --connect");
    if (const std::optional<Error> why = why_no_tap())
        throw *why;
}

/// Only this machine's KVM can be tested with a guest.
AccelChoice accelerator(Arch arch, const RunOptions& options) {
    if (!on_other_machines(options))
        return choose_accel(arch, options.accel, cache_directory());
    if (options.accel)
        return {*options.accel, "set by --accel"};
    return {Accel::tcg, "KVM is not probed on other machines; use --accel kvm if it works there"};
}

std::map<Arch, AccelChoice> choose_accelerators(const RunOptions& options,
                                                const std::vector<PlannedCell>& plan) {
    std::map<Arch, AccelChoice> choices;
    for (const PlannedCell& planned : plan)
        if (!planned.not_applicable && !choices.contains(planned.cell.arch))
            choices.emplace(planned.cell.arch, accelerator(planned.cell.arch, options));
    return choices;
}

/// Builds a GRUB for the cells that boot their ISO as a file on a stick.
std::map<Arch, std::filesystem::path> make_stick_loaders(const RunPlan& plan) {
    std::map<Arch, std::filesystem::path> loaders;
    for (const PlannedCell& planned : plan.cells)
        if (!planned.not_applicable && plan.scenarios.at(planned.cell.scenario).boot.loopback &&
            !loaders.contains(planned.cell.arch))
            loaders.emplace(planned.cell.arch, stick_loader(
                                                   planned.cell.arch, cache_directory(),
                                                   [](std::string_view, std::uint64_t, std::uint64_t) {},
                                                   [](std::string_view) {}));
    return loaders;
}

}  // namespace

bool on_other_machines(const RunOptions& options) {
    return std::ranges::any_of(options.connect, names_a_host);
}

RunEnd in_run(const RunOptions& options, RunPlan plan,
              const std::function<int(const RunInput&, const std::filesystem::path&)>& work) {
    check_network(options, plan);
    if (options.connect.empty())  // QEMU inherits this process's limits
        require_file_size(largest_memory(plan), "the memory of a guest");
    make_output(options.output);
    build_what_is_stale(plan, options);
    RunInput input{.options = options,
                   .plan = std::move(plan),
                   .accel = {},
                   .firmware = options.firmware_directory.empty()
                                   ? find_firmware()
                                   : find_unpacked_firmware(options.firmware_directory),
                   .directory = RunDirectory::create(options.output),
                   .stick_loaders = {},
                   .usual = usual_milestones(options),
                   .failures = read_failures(data_file("harness/console/failures.toml")),
                   .causes = read_causes(data_file("harness/diagnose/causes.toml"))};
    input.stick_loaders = make_stick_loaders(input.plan);
    input.accel = choose_accelerators(options, input.plan.cells);
    int status = 0;
    if (!options.connect.empty()) {
        // The daemon cannot see inside a jail. libvirt ends the guests when the connection breaks.
        const SharedDirectory shared(on_other_machines(options) ? std::filesystem::absolute(options.output)
                                                                : std::filesystem::path());
        status = work(input, shared.path());
    } else {
        const OomCounter oom;
        const JailOptions jail{.required = options.network == Network::tap, .why = {}};
        status = run_in_jail(jail, [&](const Jail& inside) {
            input.own_mounts = inside.own_mounts;
            input.deaths = inside.deaths;
            return work(input, inside.private_dir);
        });
        if (constexpr int of_signals = 128; status > of_signals)
            throw host_error(
                fmt::format("the process that boots the cells {}; {} has the results so far",
                            killed_by(status - of_signals, oom), input.directory.path().string()),
                hint_for_killed(status - of_signals, oom));
    }
    return {status, input.directory.path()};
}

int run(const RunOptions& options) {
    RunPlan plan = plan_run(options);
    select_cells(plan.cells, options);
    if (plan.cells.empty()) {  // more machines than cells is not a fault
        fmt::print(stderr, "lktest: shard {}/{} has no cells\n", options.shard->number, options.shard->of);
        return static_cast<int>(ExitCode::passed);
    }
    if (!options.host_steps)
        refuse_host_steps(plan, data_file(scenario_files.directory));
    if (options.engine == Engine::slurm) {
        make_output(options.output);
        build_what_is_stale(plan, options);
        const RunDirectory directory = RunDirectory::create(options.output);
        return run_on_slurm(options, plan, directory);
    }
    return in_run(options, std::move(plan), run_inside).status;
}

}  // namespace lktest
