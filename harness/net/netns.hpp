// SPDX-License-Identifier: MIT
#pragma once

#include <utility>

#include "builder/base/handle.hpp"

namespace lktest {

/// A network namespace of its own, with its loopback device up. Nothing but this
/// object's descriptor (and what was opened inside) keeps it alive: it has no
/// name in /run/netns that could stay behind.
class Netns {
public:
    /// Throws a host Error when the rights are missing.
    Netns();

    /// Runs `work` with the calling thread inside, and gives back what it returned.
    /// A socket or process made there belongs to this namespace for good,
    /// whatever thread uses it later.
    template <typename Work>
    decltype(auto) run(Work&& work) const {
        const Visit visit(fd_.get());
        return std::forward<Work>(work)();
    }

    /// A descriptor of the namespace, as setns(2) takes it; owned by this object.
    int fd() const noexcept { return fd_.get(); }

private:
    /// The calling thread is inside while this lives.
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

/// Sets the loopback device of the calling thread's network namespace up.
void loopback_up();

}  // namespace lktest
