// SPDX-License-Identifier: MIT
#pragma once

#include "harness/box/settings.hpp"

namespace lktest {

/// Gives the calling process, the first of new mount and PID namespaces, a file system of its own: the
/// system's programs and libraries, the files of its guest, a few devices, and its own /proc, /tmp and
/// /dev/shm. Nothing else of the host is in it. Throws std::runtime_error.
void enter_view(const BoxSettings& settings);

}  // namespace lktest
