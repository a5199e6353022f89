// SPDX-License-Identifier: MIT
#pragma once

#include <signal.h>

namespace lktest {

/// While this lives, the signals that would end the program (SIGINT, SIGTERM, SIGHUP) are blocked. arrived()
/// reports them, so that the caller can abandon its work cleanly. The destructor delivers them, which ends
/// the program. Create it before starting any thread.
class HeldSignals {
public:
    HeldSignals() {
        ::sigemptyset(&held_);
        for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
            struct sigaction action {};
            ::sigaction(number, nullptr, &action);
            if (action.sa_handler == SIG_DFL)  // nohup and shells may have set some to be ignored
                ::sigaddset(&held_, number);
        }
        ::pthread_sigmask(SIG_BLOCK, &held_, &before_);
    }
    HeldSignals(const HeldSignals&) = delete;
    HeldSignals& operator=(const HeldSignals&) = delete;
    ~HeldSignals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

    bool arrived() const {
        sigset_t pending, ours;
        ::sigpending(&pending);
        return ::sigandset(&ours, &pending, &held_) == 0 && ::sigisemptyset(&ours) == 0;
    }

private:
    sigset_t held_{}, before_{};
};

}  // namespace lktest
