// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "harness/boot/host.hpp"
#include "harness/machine/event_loop.hpp"
#include "harness/run/machine_size.hpp"
#include "harness/run/qemu_place.hpp"
#include "harness/run/run_inside.hpp"

namespace lktest {

/// Resources shared by all cells of a run, in the jail. Members are destroyed in reverse order of
/// declaration.
struct RunFloor {
    /// Connects to libvirt.
    RunFloor(const RunInput& input, const std::filesystem::path& private_directory);
    RunFloor(const RunFloor&) = delete;
    RunFloor& operator=(const RunFloor&) = delete;

    boost::asio::io_context io{1};
    EventLoop event_loop{io};
    QemuPlace place;
    Pool libvirt;
    MachineSize size;                           ///< of this machine, or the total over the connections
    std::uint64_t cell_memory;                  ///< bytes, of the largest cell
    unsigned jobs;                              ///< cells at once
    std::map<std::string, Scenario> scenarios;  ///< of the plan, reduced to what the network supports
    boost::asio::thread_pool workers;
    Stop stop;
    Host host;
};

}  // namespace lktest
