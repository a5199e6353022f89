// SPDX-License-Identifier: MIT
#include "harness/run/run_floor.hpp"

#include "builder/base/file.hpp"
#include "harness/run/schedule.hpp"

namespace lktest {
namespace {

/// Without a tap, the host side cannot observe the network.
Scenario without_network(Scenario scenario) {
    std::erase_if(scenario.milestones,
                  [](const Milestone& milestone) { return milestone.network.has_value(); });
    return scenario;
}

std::vector<Connection> connect(const RunInput& input, const std::filesystem::path& private_directory,
                                const QemuPlace& place) {
    std::vector<Connection> connections;
    if (input.options.connect.empty()) {
        const std::optional<QemuUser> tpm_user =
            place.users ? std::optional(place.users->for_tpms()) : std::nullopt;
        connections.push_back(Connection::embedded(private_directory / "e", place.cache, true,
                                                   tpm_user ? &*tpm_user : nullptr));
    }
    for (const std::string& uri : input.options.connect)
        connections.push_back(Connection::open(uri));
    return connections;
}

/// The total size of the machines that the connections lead to. Two connections to one machine count once.
MachineSize size_behind(const Pool& pool, const RunOptions& options) {
    if (!on_other_machines(options))
        return machine_size();
    std::map<std::string, LibvirtHost> hosts;
    for (const LibvirtHost& host : pool.hosts())
        hosts.emplace(host.name, host);
    MachineSize all{.cores = 0, .memory_available = 0};
    for (const auto& [host_name, host] : hosts) {
        all.cores += host.cores;
        all.memory_available += host.memory_free;
    }
    return all;
}

}  // namespace

RunFloor::RunFloor(const RunInput& input, const std::filesystem::path& private_directory)
    : place(place_for_qemu(input, private_directory)),
      libvirt(connect(input, private_directory, place)),
      size(size_behind(libvirt, input.options)),
      cell_memory(largest_memory(input.plan)),
      jobs(input.options.jobs.value_or(default_jobs(size.cores, size.memory_available, cell_memory))),
      scenarios(input.plan.scenarios),
      workers(jobs + 1),  // one more for the display, which is never waited for
      host{.io = io,
           .workers = workers,
           .libvirt = libvirt,
           .stop = stop,
           .private_directory = private_directory,
           .accel = {},
           .network = input.options.network,
           .cell_timeout = input.options.timeout,
           .keep_countdown = input.options.keep_countdown,
           .firmware = input.firmware,
           .failures = input.failures,
           .stick_loaders = input.stick_loaders,
           .causes = input.causes,
           .qemu_users = place.users,
           .boxes = place.boxes.get(),
           .shown = place.shown,
           .deaths = input.deaths} {
    for (const auto& [arch, choice] : input.accel) {
        for (const Connection& connection : libvirt.connections())
            connection.warm(arch, place.boxes ? place.boxes->emulator(arch) : std::filesystem::path());
        host.accel.emplace(arch, choice.accel);
    }
    if (input.options.network != Network::tap)
        for (auto& [scenario_name, scenario] : scenarios)
            scenario = without_network(scenario);
}

}  // namespace lktest
