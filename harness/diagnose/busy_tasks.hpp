// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "harness/diagnose/tasks.hpp"

namespace lktest {

/// The running tasks: "it runs 'modprobe test_bpf' (pid 77)". Programs if any run, otherwise kernel
/// threads; empty if no task runs.
std::string busy_in_words(const TaskList& list);

}  // namespace lktest
