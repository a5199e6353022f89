// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>

namespace lktest {

/// The time when waiting ends.
using Deadline = std::chrono::steady_clock::time_point;

inline bool passed(Deadline deadline) {
    return std::chrono::steady_clock::now() >= deadline;
}

}  // namespace lktest
