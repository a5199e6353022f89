// SPDX-License-Identifier: MIT
#pragma once

#include "builder/base/error.hpp"
#include "harness/machine/domain.hpp"

namespace lktest {

/// Resumes a guest at the end of the scope if it ran at the beginning.
class RunsAgain {
public:
    explicit RunsAgain(Domain& guest) : guest_(guest), ran_(guest.running()) {}
    RunsAgain(const RunsAgain&) = delete;
    RunsAgain& operator=(const RunsAgain&) = delete;
    ~RunsAgain() {
        try {
            if (ran_)
                guest_.resume();
        } catch (const Error&) {
            // it has gone; its next user will get an error
        }
    }

private:
    Domain& guest_;
    bool ran_;
};

}  // namespace lktest
