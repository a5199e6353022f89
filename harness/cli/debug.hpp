// SPDX-License-Identifier: MIT
#pragma once

#include "harness/boot/debug.hpp"
#include "harness/run/run.hpp"

namespace CLI {
class App;
}

namespace lktest {

/// Options of `lktest debug`.
struct DebugRequest {
    RunOptions run;  ///< the options that choose one cell
    StopPoint stop;
};

void add_debug(CLI::App& app, DebugRequest& request);

/// Boots one cell with the user's terminal on its console. Returns the exit status.
int debug(const DebugRequest& request);

}  // namespace lktest
