// SPDX-License-Identifier: MIT
#include "harness/net/netns.hpp"

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <thread>

#include "builder/base/error.hpp"

namespace lktest {
namespace {

constexpr const char* netns_hint =
    "run lktest as root (it needs CAP_SYS_ADMIN and CAP_NET_ADMIN), or choose --network user";

UniqueFd open_own_netns() {
    UniqueFd fd(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
    if (!fd)
        throw system_error("cannot open /proc/thread-self/ns/net", errno, "mount /proc");
    return fd;
}

}  // namespace

void loopback_up() {
    const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq request{};
    std::strcpy(request.ifr_name, "lo");
    request.ifr_flags = IFF_UP;
    if (!socket || ::ioctl(socket.get(), SIOCSIFFLAGS, &request) < 0)
        throw system_error("cannot bring up the loopback device", errno, netns_hint);
}

Netns::Netns() {
    // A separate thread unshares, so that the caller's thread never leaves its namespace.
    std::exception_ptr failure;
    std::thread([this, &failure] {
        try {
            if (::unshare(CLONE_NEWNET) < 0)
                throw system_error("cannot create a network namespace", errno, netns_hint);
            loopback_up();
            fd_ = open_own_netns();
        } catch (...) {
            failure = std::current_exception();
        }
    }).join();
    if (failure)
        std::rethrow_exception(failure);
}

Netns::Visit::Visit(int netns) : home_(open_own_netns()) {
    if (::setns(netns, CLONE_NEWNET) < 0)
        throw system_error("cannot enter a network namespace", errno, netns_hint);
}

Netns::Visit::~Visit() {
    if (::setns(home_.get(), CLONE_NEWNET) == 0)
        return;
    // A thread lost in a foreign network would let cells meet, so it is better to abort.
    std::perror("lktest: cannot return from a network namespace");
    std::abort();
}

}  // namespace lktest
