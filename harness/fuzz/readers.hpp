// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "builder/fuzz/reader.hpp"

namespace lktest {

/// Readers of what a guest prints or shows.
std::vector<FuzzReader> console_readers();
/// Readers of a guest's memory, and of what QEMU says about it.
std::vector<FuzzReader> memory_readers();
/// Readers of what comes over a network or a socket.
std::vector<FuzzReader> network_readers();
/// Readers of what a user, or a stranger, gives lktest to read: saved runs, scenarios.
std::vector<FuzzReader> file_readers();

/// All of them, and those of the builder.
std::vector<FuzzReader> all_readers();

}  // namespace lktest
