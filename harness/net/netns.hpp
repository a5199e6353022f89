// SPDX-License-Identifier: MIT
#pragma once

#include <utility>

#include "builder/base/handle.hpp"

namespace lktest {

/// A separate network namespace with its loopback device up. Only this object's descriptor, and descriptors
/// opened inside, keep it alive; it has no name in /run/netns that could remain.
class Netns {
public:
    /// Throws a host Error without the necessary privileges.
    Netns();

    /// Runs `work` with the calling thread inside, and returns its result. A socket or process created there
    /// belongs to this namespace permanently, whichever thread uses it later.
    template <typename Work>
    decltype(auto) run(Work&& work) const {
        const Visit visit(fd_.get());
        return std::forward<Work>(work)();
    }

    /// A descriptor of the namespace for setns(2); owned by this object.
    int fd() const noexcept { return fd_.get(); }

private:
    /// Keeps the calling thread inside during its lifetime.
    class Visit {
    public:
        explicit Visit(int netns);
        Visit(const Visit&) = delete;
        Visit& operator=(const Visit&) = delete;
        ~Visit();

    private:
        UniqueFd home_;
    };

    UniqueFd fd_;
};

/// Brings up the loopback device of the calling thread's network namespace.
void loopback_up();

}  // namespace lktest
