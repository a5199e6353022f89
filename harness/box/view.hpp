// SPDX-License-Identifier: MIT
#pragma once

#include "harness/box/settings.hpp"

namespace lktest {

/// Gives the calling process, the first of new mount and PID namespaces, a private file system. It contains
/// the system's programs and libraries, the files of its guest, a few devices, and private /proc, /tmp and
/// /dev/shm, but nothing else of the host. Throws std::runtime_error.
void enter_view(const BoxSettings& settings);

}  // namespace lktest
