// SPDX-License-Identifier: MIT
#pragma once

#include <signal.h>

namespace lktest {

/// While this lives, SIGINT, SIGTERM and SIGHUP wait. arrived() tells of them, so that the work
/// can be abandoned in good order; when this ends they do what they always do: end the program.
/// Threads and signals: make it before any thread is started.
class HeldSignals {
public:
    HeldSignals() {
        ::sigemptyset(&held_);
        for (const int number : {SIGINT, SIGTERM, SIGHUP})
            ::sigaddset(&held_, number);
        ::pthread_sigmask(SIG_BLOCK, &held_, &before_);
    }
    HeldSignals(const HeldSignals&) = delete;
    HeldSignals& operator=(const HeldSignals&) = delete;
    ~HeldSignals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

    bool arrived() const {
        sigset_t pending;
        ::sigpending(&pending);
        for (const int number : {SIGINT, SIGTERM, SIGHUP})
            if (::sigismember(&pending, number) == 1)
                return true;
        return false;
    }

private:
    sigset_t held_{}, before_{};
};

}  // namespace lktest
