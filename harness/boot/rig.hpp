// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/awaitable.hpp>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "builder/base/file.hpp"
#include "builder/base/host_limits.hpp"
#include "harness/boot/attendance.hpp"
#include "harness/boot/disks.hpp"
#include "harness/boot/host.hpp"
#include "harness/boot/medium_drive.hpp"
#include "harness/boot/onlooker.hpp"
#include "harness/console/loader_driver.hpp"
#include "harness/machine/domain.hpp"
#include "harness/machine/domain_xml.hpp"
#include "harness/machine/serial_line.hpp"
#include "harness/net/cell_network.hpp"

namespace lktest {

/// Resources of one cell, released with it. Members are destroyed in reverse order of declaration: the guest
/// first, its directory last.
struct Rig {
    Rig(TempDir own, Pool::Seat place) : directory(std::move(own)), seat(std::move(place)) {}

    TempDir directory;
    std::shared_ptr<const void> artefacts;  ///< keeps the directory open for a kept guest
    Pool::Seat seat;
    std::unique_ptr<CellNetwork> network;
    std::optional<Disks> disks;
    std::optional<MediumDrive> drive;
    std::optional<LoaderDriver> loader;
    std::optional<Onlooker> onlooker;
    std::optional<Domain> guest;
    std::optional<ConsolePipe> serial_pipe, port_pipe,
        firmware_pipe;  ///< until they are connected as the lines below
    std::optional<SerialLine> serial, port, firmware;
    std::vector<UniqueFd> kept_open;  ///< see keep_lines_open
    std::shared_ptr<void> following;  ///< see follow()

    std::optional<pid_t> qemu;  ///< QEMU's process, for a guest of the embedded driver
    OomCounter oom;
    std::optional<QemuUser> user;  ///< the user of QEMU's process, if not lktest's own
    MachineSpec spec;
    std::string variables_before;  ///< see read_variable_store()
    bool kvm = false;
    Limits limits;
    std::mutex looking;  ///< held by whoever pauses the guest to look at it
};

/// Creates the machine of a cell and starts it; from power-on, `attendance` receives its output. Writes
/// domain.xml and network.log to `artefacts`. Throws a host Error if the machine cannot be created.
boost::asio::awaitable<std::shared_ptr<Rig>> start_machine(Host& host, const BootCell& cell,
                                                           const Scenario& scenario,
                                                           const std::filesystem::path& artefacts,
                                                           std::shared_ptr<Attendance> attendance);

}  // namespace lktest
