// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/awaitable.hpp>
#include <filesystem>
#include <utility>

#include "harness/boot/host.hpp"
#include "harness/matrix/cell.hpp"
#include "harness/matrix/event.hpp"
#include "harness/matrix/trials.hpp"

namespace lktest {

/// Boots a cell as often as `trials` demands, one boot after another, and gives a single verdict. The first
/// boot writes its artefacts to `artefacts`; later ones to boot-2, boot-3, … below it, and the one with an
/// early console to early. Artefacts of boots that only repeat a pass are not kept.
boost::asio::awaitable<Verdict> boot_trials(Host& host, BootCell cell, const Scenario& scenario,
                                            std::filesystem::path artefacts, Trials trials, EventSink sink);

}  // namespace lktest
