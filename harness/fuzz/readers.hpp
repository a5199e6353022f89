// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "builder/fuzz/reader.hpp"

namespace lktest {

/// Readers of consoles and displays.
std::vector<FuzzReader> console_readers();
/// Readers of a guest's memory, and of QEMU's monitor.
std::vector<FuzzReader> memory_readers();
/// Readers of network packets and sockets.
std::vector<FuzzReader> network_readers();
/// Readers of saved runs and scenarios, which may be foreign.
std::vector<FuzzReader> file_readers();

/// All of them, and those of the builder.
std::vector<FuzzReader> all_readers();

}  // namespace lktest
