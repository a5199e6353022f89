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

/// Boots a cell as often as `trials` says, one boot after another, and gives one verdict on all of them. The
/// first boot leaves its artefacts in `artefacts`, each further one in boot-2, boot-3, … below, that with an
/// early console in early; of those that only repeat what passed none are kept.
boost::asio::awaitable<Verdict> boot_trials(Host& host, BootCell cell, const Scenario& scenario,
                                            std::filesystem::path artefacts, Trials trials, EventSink sink);

}  // namespace lktest
