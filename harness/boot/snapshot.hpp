// SPDX-License-Identifier: MIT
#pragma once

#include "harness/boot/rig.hpp"

namespace lktest {

/// Keeps the pipes to a guest open, although it ends: it may be taken up again.
void keep_lines_open(Rig& rig);

/// Takes a snapshot of a machine: CPUs, memory, devices, disks and variable store, in its own directory; one
/// that there is already is replaced. It is paused then. Blocks for a few seconds. Throws a usage Error for a
/// guest of a daemon, and a host Error when it cannot be saved; it goes on as it was then.
void take_snapshot(Rig& rig);

/// Takes the machine back to its snapshot, paused, also one that has ended. Throws a usage Error when there
/// is none.
void restore_snapshot(Rig& rig);

}  // namespace lktest
