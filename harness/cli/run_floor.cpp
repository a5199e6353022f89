// SPDX-License-Identifier: MIT
#include "harness/cli/run_floor.hpp"

#include <algorithm>

#include "builder/base/file.hpp"

namespace lktest {
namespace {

/// Without a tap there is no host side that could witness the network.
Scenario without_network(Scenario scenario) {
    std::erase_if(scenario.milestones,
                  [](const Milestone& milestone) { return milestone.network.has_value(); });
    return scenario;
}

}  // namespace

RunFloor::RunFloor(const RunInput& input, const std::filesystem::path& private_directory, unsigned jobs)
    : libvirt(input.options.connect.empty()
                  ? Connection::embedded(private_directory / "e", cache_directory() / "libvirt")
                  : Connection::open(input.options.connect)),
      scenarios(input.plan.scenarios),
      workers(jobs),
      host{.io = io,
           .workers = workers,
           .libvirt = libvirt,
           .stop = stop,
           .private_directory = private_directory,
           .accel = {},
           .network = input.options.network,
           .cell_timeout = input.options.timeout,
           .firmware = input.firmware,
           .failures = input.failures,
           .stick_loaders = input.stick_loaders,
           .causes = input.causes} {
    for (const auto& [arch, choice] : input.accel) {
        libvirt.warm(arch);
        host.accel.emplace(arch, choice.accel);
    }
    if (input.options.network != Network::tap)
        for (auto& [scenario_name, scenario] : scenarios)
            scenario = without_network(scenario);
}

}  // namespace lktest
