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

/// Boots one cell, from power-on to its verdict. Writes to `artefacts`: domain.xml, console.raw (every byte),
/// console.log (each line with its time), network.log, qemu.log, film-*.png, and after a failure a
/// screenshot, kernel.log and diagnosis.json. A host fault of this cell (firmware, tap, QEMU) is returned as
/// a Verdict and never thrown.
boost::asio::awaitable<Verdict> boot(Host& host, BootCell cell, const Scenario& scenario,
                                     std::filesystem::path artefacts, EventSink sink);

/// The verdict of a cell that an exception ended, caused by this host or by lktest.
Verdict host_fault(const std::exception& fault);

}  // namespace lktest
