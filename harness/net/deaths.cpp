// SPDX-License-Identifier: MIT
#include "harness/net/deaths.hpp"

#include <poll.h>
#include <unistd.h>

#include <cerrno>

namespace lktest {
namespace {

/// Smaller than PIPE_BUF, so it is written and read whole.
struct Death {
    pid_t process;
    int signal;
};

bool ready(int fd, short events, int milliseconds) {
    pollfd end{fd, events, 0};
    return ::poll(&end, 1, milliseconds) > 0 && (end.revents & events) != 0;
}

}  // namespace

void Deaths::note(pid_t process, int signal) const {
    const Death death{process, signal};
    if (!ready(pipe_.write.get(), POLLOUT, 0))
        return;
    [[maybe_unused]] const ssize_t written = ::write(pipe_.write.get(), &death, sizeof death);
}

std::optional<int> Deaths::signal_of(pid_t process) {
    // The caller has seen the process's sockets close, which happens a moment before it is reaped.
    constexpr int patience = 1000;
    const std::lock_guard lock(mutex_);
    while (!signals_.contains(process) && ready(pipe_.read.get(), POLLIN, patience)) {
        Death death{};
        if (::read(pipe_.read.get(), &death, sizeof death) != sizeof death)
            break;
        signals_[death.process] = death.signal;
    }
    const auto known = signals_.find(process);
    return known == signals_.end() ? std::nullopt : std::optional(known->second);
}

}  // namespace lktest
