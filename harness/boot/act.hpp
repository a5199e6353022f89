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

/// What the steps of a scenario act on: a running cell.
struct Stage {
    Host& host;
    const BootCell& cell;
    const Scenario& scenario;
    std::shared_ptr<Attendance> attendance;
    Domain& guest;
    SerialLine& serial;
    CellNetwork* network;  ///< null without a tap
    LoaderDriver* loader;  ///< null when the loader is left alone
    Disks& disks;
    MediumDrive& drive;
    Limits limits;
    std::filesystem::path artefacts;
    Variables variables;
    /// From a reset to the last milestone.
    std::function<boost::asio::awaitable<Verdict>()> reach_milestones;
};

/// Does the scenario's steps, one after another, with a guest that has reached its milestones.
/// The first that fails is the verdict, with its place in the scenario.
boost::asio::awaitable<Verdict> act(Stage& stage);

}  // namespace lktest
