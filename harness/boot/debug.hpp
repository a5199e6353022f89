// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "harness/boot/host.hpp"
#include "harness/matrix/cell.hpp"

namespace lktest {

/// Where a guest is stopped for whoever debugs it.
struct StopPoint {
    std::string milestone;      ///< when it is reached; empty: at none
    std::string snapshot;       ///< the milestone at which a snapshot is taken; empty: none is
    bool kernel_entry = false;  ///< when a CPU first executes the kernel at the kernel's own addresses
};

/// Boots one cell for a person at a terminal, see TerminalSession, until that person ends it. Nobody judges
/// it: no deadline, no failure ends it. Its artefacts are those of boot(). Throws a host Error when there can
/// be no such machine.
boost::asio::awaitable<void> debug(Host& host, BootCell cell, const Scenario& general,
                                   std::filesystem::path artefacts, StopPoint stop,
                                   std::shared_ptr<boost::asio::local::stream_protocol::socket> terminal);

}  // namespace lktest
