// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/awaitable.hpp>
#include <filesystem>
#include <utility>

#include "harness/boot/host.hpp"
#include "harness/matrix/cell.hpp"
#include "harness/matrix/event.hpp"
#include "harness/matrix/verdict.hpp"

namespace lktest {

/// Boots one cell, from power-on to its verdict, and leaves in `artefacts`:
/// domain.xml, console.raw (every byte), console.log (a time stamp for each line),
/// network.log, qemu.log, film-*.png, and of what failed a screenshot, kernel.log and diagnosis.json.
/// A host fault of this cell (firmware, tap, QEMU) is a Verdict too; it never throws one.
boost::asio::awaitable<Verdict> boot(Host& host, BootCell cell, const Scenario& scenario,
                                     std::filesystem::path artefacts, EventSink sink);

/// The verdict of a cell that an exception ended: a fault of this host, or of lktest.
Verdict host_fault(const std::exception& fault);

}  // namespace lktest
