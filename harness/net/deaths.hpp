// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <map>
#include <mutex>
#include <optional>

#include "builder/base/pipe.hpp"

namespace lktest {

/// Records which orphans of a jail were killed by a signal, and by which. QEMU is an orphan because it is a
/// daemon, so only process 1 of the jail learns how it ended. That process notes it here, and the worker
/// asks.
class Deaths {
public:
    Deaths() : pipe_(make_pipe()) {}

    /// For process 1. Never waits; entries that do not fit are lost.
    void note(pid_t process, int signal) const;

    /// For the worker: the signal that killed a process. Waits briefly for the entry.
    std::optional<int> signal_of(pid_t process);

private:
    Pipe pipe_;
    std::mutex mutex_;
    std::map<pid_t, int> signals_;
};

}  // namespace lktest
