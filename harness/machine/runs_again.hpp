// SPDX-License-Identifier: MIT
#pragma once

#include "builder/base/error.hpp"
#include "harness/machine/domain.hpp"

namespace lktest {

/// A guest that runs when this begins runs again when this ends, whatever comes between.
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
            // It has gone, as whoever uses it next will be told.
        }
    }

private:
    Domain& guest_;
    bool ran_;
};

}  // namespace lktest
