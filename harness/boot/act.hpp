// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/awaitable.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <utility>

#include "harness/boot/attendance.hpp"
#include "harness/boot/disks.hpp"
#include "harness/boot/host.hpp"
#include "harness/boot/medium_drive.hpp"
#include "harness/console/loader_driver.hpp"
#include "harness/machine/domain.hpp"
#include "harness/machine/serial_line.hpp"
#include "harness/net/cell_network.hpp"
#include "harness/scenario/step.hpp"

namespace lktest {

/// The running cell that a scenario's steps act on.
struct StepContext {
    Host& host;
    const BootCell& cell;
    const Scenario& scenario;
    std::shared_ptr<Attendance> attendance;
    Domain& guest;
    SerialLine& serial;
    CellNetwork* network;  ///< null without a tap
    LoaderDriver* loader;  ///< null if no step uses the loader
    Disks& disks;
    MediumDrive& drive;
    Limits limits;
    std::filesystem::path artefacts;
    Variables variables;
    /// Waits from a reset to the last milestone.
    std::function<boost::asio::awaitable<Verdict>()> reach_milestones;
};

/// Runs the scenario's steps in order, with a guest that has reached its milestones. The first failed step
/// becomes the verdict, with its place in the scenario.
boost::asio::awaitable<Verdict> act(StepContext& context);

}  // namespace lktest
