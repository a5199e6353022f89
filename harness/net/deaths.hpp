// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <map>
#include <mutex>
#include <optional>

#include "builder/base/pipe.hpp"

namespace lktest {

/// Which of a jail's orphans a signal killed, and which signal it was. QEMU is an orphan: it is a daemon,
/// so only process 1 of the jail learns how it ended. That process notes it here, the worker asks.
class Deaths {
public:
    Deaths() : pipe_(make_pipe()) {}

    /// For process 1. Never waits: what does not fit is lost.
    void note(pid_t process, int signal) const;

    /// For the worker: the signal that killed a process. Waits a moment for the news.
    std::optional<int> signal_of(pid_t process);

private:
    Pipe pipe_;
    std::mutex mutex_;
    std::map<pid_t, int> signals_;
};

}  // namespace lktest
