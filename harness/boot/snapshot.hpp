// SPDX-License-Identifier: MIT
#pragma once

#include "harness/boot/rig.hpp"

namespace lktest {

/// Keeps the pipes to a guest open after its end, because it may be restored.
void keep_lines_open(Rig& rig);

/// Takes a snapshot of a machine in its directory: CPUs, memory, devices, disks and variable store. Replaces
/// an earlier one. Pauses the machine. Blocks for a few seconds. Throws a usage Error for a guest of a
/// daemon, and a host Error if the snapshot cannot be saved; the machine then continues as before.
void take_snapshot(Rig& rig);

/// Returns the machine to its snapshot, paused, even if it has ended. Throws a usage Error if there is none.
void restore_snapshot(Rig& rig);

}  // namespace lktest
