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

/// Where to stop a guest for debugging.
struct StopPoint {
    std::string milestone;      ///< stop when it is reached; empty for none
    std::string snapshot;       ///< take a snapshot when it is reached; empty for none
    bool kernel_entry = false;  ///< stop when a CPU first executes the kernel at its virtual addresses
};

/// Boots one cell for a person at a terminal, see TerminalSession, until that person ends it. The boot is not
/// judged, so no deadline or failure ends it. Its artefacts are those of boot(). Throws a host Error if the
/// machine cannot be created.
boost::asio::awaitable<void> debug(Host& host, BootCell cell, const Scenario& general,
                                   std::filesystem::path artefacts, StopPoint stop,
                                   std::shared_ptr<boost::asio::local::stream_protocol::socket> terminal);

}  // namespace lktest
