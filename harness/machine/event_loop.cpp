// SPDX-License-Identifier: MIT
#include "harness/machine/event_loop.hpp"

#include <fcntl.h>
#include <libvirt/libvirt.h>
#include <poll.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cassert>
#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "builder/base/handle.hpp"

namespace lktest {

namespace asio = boost::asio;

namespace {

/// A callback from libvirt, and its data, which must be freed when the watch is removed.
template <typename Callback>
struct Client {
    Callback call;
    void* opaque;
    virFreeCallback free;

    void release() const {
        if (free)
            free(opaque);
    }
};

/// Watches one file descriptor. It uses a duplicate, because libvirt may close its own at any time.
struct FdWatch {
    Client<virEventHandleCallback> client;
    int fd;      ///< libvirt's number, which its callback expects
    int events;  ///< the virEventHandleType flags requested; under the mutex
    asio::posix::stream_descriptor descriptor;
    bool reading = false, writing = false, excepting = false;  ///< waits in flight; loop thread only
};

/// A timer. Each arming has a number, which makes expiries of earlier ones stale.
struct TimerWatch {
    Client<virEventTimeoutCallback> client;
    int period;  ///< milliseconds, 0: at once and again, < 0: off; under the mutex
    asio::steady_timer timer;
    unsigned arming = 0;  ///< loop thread only
};

short to_poll(int events) {
    return static_cast<short>(((events & VIR_EVENT_HANDLE_READABLE) ? POLLIN : 0) |
                              ((events & VIR_EVENT_HANDLE_WRITABLE) ? POLLOUT : 0));
}

int from_poll(short events) {
    return ((events & POLLIN) ? VIR_EVENT_HANDLE_READABLE : 0) |
           ((events & POLLOUT) ? VIR_EVENT_HANDLE_WRITABLE : 0) |
           ((events & POLLERR) ? VIR_EVENT_HANDLE_ERROR : 0) |
           ((events & POLLHUP) ? VIR_EVENT_HANDLE_HANGUP : 0);
}

}  // namespace

/// All watches. The mutex guards the maps and the values that libvirt changes in them. Waits and callbacks
/// happen only on the io_context's thread, and no callback runs under the mutex.
class EventLoop::Watches : public std::enable_shared_from_this<Watches> {
public:
    explicit Watches(asio::io_context& io) : io_(io) {}

    int add_fd(int fd, int events, Client<virEventHandleCallback> client) {
        UniqueFd copy(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
        if (!copy)
            return -1;
        const std::lock_guard lock(mutex_);
        if (closed_)
            return -1;
        asio::posix::stream_descriptor descriptor(io_);
        boost::system::error_code error;
        descriptor.assign(copy.get(), error);
        if (error)
            return -1;
        static_cast<void>(copy.release());
        auto watch = std::make_shared<FdWatch>(FdWatch{client, fd, events, std::move(descriptor)});
        const int id = next_id_++;
        fds_.emplace(id, watch);
        post([=, this] { arm(id, watch); });
        return id;
    }

    void update_fd(int id, int events) {
        const std::lock_guard lock(mutex_);
        const auto found = fds_.find(id);
        if (found == fds_.end())
            return;
        found->second->events = events;
        post([=, this, watch = found->second] { arm(id, watch); });
    }

    /// libvirt requires that its data is freed later, never within the removal.
    int remove_fd(int id) {
        const std::lock_guard lock(mutex_);
        auto node = fds_.extract(id);
        if (node.empty())
            return -1;
        post([watch = node.mapped()] {
            watch->descriptor.close();
            watch->client.release();
        });
        return 0;
    }

    int add_timer(int period, Client<virEventTimeoutCallback> client) {
        const std::lock_guard lock(mutex_);
        if (closed_)
            return -1;
        auto watch = std::make_shared<TimerWatch>(TimerWatch{client, period, asio::steady_timer(io_)});
        const int id = next_id_++;
        timers_.emplace(id, watch);
        post([=, this] { arm(id, watch); });
        return id;
    }

    void update_timer(int id, int period) {
        const std::lock_guard lock(mutex_);
        const auto found = timers_.find(id);
        if (found == timers_.end())
            return;
        found->second->period = period;
        post([=, this, watch = found->second] { arm(id, watch); });
    }

    int remove_timer(int id) {
        const std::lock_guard lock(mutex_);
        auto node = timers_.extract(id);
        if (node.empty())
            return -1;
        post([watch = node.mapped()] {
            ++watch->arming;
            watch->timer.cancel();
            watch->client.release();
        });
        return 0;
    }

    /// Releases everything that belongs to the io_context. Frees what libvirt has still registered, because
    /// it will not be called again.
    void close() {
        std::map<int, std::shared_ptr<FdWatch>> fds;
        std::map<int, std::shared_ptr<TimerWatch>> timers;
        {
            const std::lock_guard lock(mutex_);
            closed_ = true;
            fds.swap(fds_);
            timers.swap(timers_);
        }
        for (auto& [id, watch] : fds) {
            watch->descriptor.close();
            watch->client.release();
        }
        for (auto& [id, watch] : timers) {
            ++watch->arming;
            watch->timer.cancel();
            watch->client.release();
        }
    }

private:
    /// Runs on the loop's thread, and keeps the watches alive until then.
    template <typename Work>
    void post(Work work) {
        asio::post(io_, [self = shared_from_this(), work = std::move(work)]() mutable { work(); });
    }

    /// The requested events of a watch that still exists.
    std::optional<int> wanted(int id, const FdWatch& watch) {
        const std::lock_guard lock(mutex_);
        const auto found = fds_.find(id);
        if (found == fds_.end() || found->second.get() != &watch)
            return std::nullopt;
        return watch.events;
    }

    std::optional<int> period(int id, const TimerWatch& watch) {
        const std::lock_guard lock(mutex_);
        const auto found = timers_.find(id);
        if (found == timers_.end() || found->second.get() != &watch)
            return std::nullopt;
        return watch.period;
    }

    /// Starts the requested waits that are not in flight. A superfluous wait is harmless: it finds nothing to
    /// report.
    void arm(int id, const std::shared_ptr<FdWatch>& watch) {
        const auto events = wanted(id, *watch);
        if (!events || *events == 0)
            return;
        using Descriptor = asio::posix::stream_descriptor;
        if (*events & VIR_EVENT_HANDLE_READABLE)
            wait(id, watch, Descriptor::wait_read, &FdWatch::reading);
        if (*events & VIR_EVENT_HANDLE_WRITABLE)
            wait(id, watch, Descriptor::wait_write, &FdWatch::writing);
        if (!(*events & (VIR_EVENT_HANDLE_READABLE | VIR_EVENT_HANDLE_WRITABLE)))
            wait(id, watch, Descriptor::wait_error, &FdWatch::excepting);
    }

    void wait(int id, const std::shared_ptr<FdWatch>& watch, asio::posix::stream_descriptor::wait_type what,
              bool FdWatch::*in_flight) {
        if (std::exchange((*watch).*in_flight, true))
            return;
        watch->descriptor.async_wait(
            what, [self = shared_from_this(), id, watch, in_flight](boost::system::error_code error) {
                (*watch).*in_flight = false;
                if (!error)
                    self->report(id, watch);
            });
    }

    /// Asks the kernel for the current state, because read and write may come together, and hang-up and error
    /// have no separate wait.
    void report(int id, const std::shared_ptr<FdWatch>& watch) {
        const auto events = wanted(id, *watch);
        if (!events || *events == 0)
            return;
        pollfd state{watch->descriptor.native_handle(), to_poll(*events), 0};
        if (::poll(&state, 1, 0) > 0)
            if (const int seen = from_poll(state.revents))
                watch->client.call(id, watch->fd, seen, watch->client.opaque);
        arm(id, watch);
    }

    void arm(int id, const std::shared_ptr<TimerWatch>& watch) {
        const unsigned arming = ++watch->arming;
        const auto milliseconds = period(id, *watch);
        watch->timer.cancel();
        if (!milliseconds || *milliseconds < 0)
            return;
        watch->timer.expires_after(std::chrono::milliseconds(*milliseconds));
        watch->timer.async_wait(
            [self = shared_from_this(), id, watch, arming](boost::system::error_code error) {
                if (error || watch->arming != arming || !self->period(id, *watch))
                    return;
                watch->client.call(id, watch->client.opaque);
                if (watch->arming == arming)  // otherwise the callback's own update is pending
                    self->arm(id, watch);
            });
    }

    asio::io_context& io_;
    std::mutex mutex_;
    bool closed_ = false;
    int next_id_ = 1;
    std::map<int, std::shared_ptr<FdWatch>> fds_;
    std::map<int, std::shared_ptr<TimerWatch>> timers_;
};

namespace {

/// libvirt's functions have no argument for a context, so it is global.
std::mutex current_mutex;
std::shared_ptr<EventLoop::Watches> current_watches;

std::shared_ptr<EventLoop::Watches> current() {
    const std::lock_guard lock(current_mutex);
    return current_watches;
}

int add_handle(int fd, int events, virEventHandleCallback call, void* opaque, virFreeCallback free) {
    const auto watches = current();
    return watches ? watches->add_fd(fd, events, {call, opaque, free}) : -1;
}

void update_handle(int id, int events) {
    if (const auto watches = current())
        watches->update_fd(id, events);
}

int remove_handle(int id) {
    const auto watches = current();
    return watches ? watches->remove_fd(id) : -1;
}

int add_timeout(int period, virEventTimeoutCallback call, void* opaque, virFreeCallback free) {
    const auto watches = current();
    return watches ? watches->add_timer(period, {call, opaque, free}) : -1;
}

void update_timeout(int id, int period) {
    if (const auto watches = current())
        watches->update_timer(id, period);
}

int remove_timeout(int id) {
    const auto watches = current();
    return watches ? watches->remove_timer(id) : -1;
}

}  // namespace

EventLoop::EventLoop(asio::io_context& io) : watches_(std::make_shared<Watches>(io)) {
    const std::lock_guard lock(current_mutex);
    assert(!current_watches && "libvirt has one event loop per process");
    current_watches = watches_;
    static const bool registered = [] {
        virEventRegisterImpl(add_handle, update_handle, remove_handle, add_timeout, update_timeout,
                             remove_timeout);
        return true;
    }();
    static_cast<void>(registered);
}

EventLoop::~EventLoop() {
    {
        const std::lock_guard lock(current_mutex);
        current_watches.reset();
    }
    watches_->close();
}

}  // namespace lktest
