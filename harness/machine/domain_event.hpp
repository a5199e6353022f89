// SPDX-License-Identifier: MIT
#pragma once

#include <libvirt/libvirt.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "harness/machine/calendar_clock.hpp"

namespace lktest {

/// What happened to a guest. A guest that powered off and one that rebooted are told apart
/// by QEMU's reason alone: libvirt's own events are the same for both.
struct DomainEvent {
    enum class Kind {
        started,
        suspended,  ///< reason: libvirt's: "paused", "io-error", "watchdog", …
        resumed,
        reset,     ///< reason: QEMU's: "guest-reset", "host-qmp-system-reset", "guest-panic", …
        shutdown,  ///< reason: QEMU's: "guest-shutdown", "guest-panic", "host-signal", …
        panicked,  ///< the guest's kernel said so to the panic device; reason: what QEMU does: "pause", …
        stopped,   ///< always the last; reason: libvirt's: "shutdown", "destroyed", "crashed", "failed"
    };
    Kind kind = Kind::started;
    std::string reason;
    std::chrono::steady_clock::time_point
        at;  ///< when QEMU noticed, if QEMU reported it, else when it came here
};
/// "started", "suspended", …
std::string_view name(DomainEvent::Kind kind);

/// Called on the thread that runs the EventLoop's io_context.
using DomainEventSink = std::function<void(const DomainEvent&)>;

/// Hands the events of one connection to those who listen for a guest by its name: by name, so
/// that a listener can be there before the guest is, and misses nothing.
///
/// Two things are not told unasked: resets less than reset_gap after the last one told, because SeaBIOS,
/// finding itself in a machine that ran before, resets it once more; and a second shutdown,
/// because libvirt ends a QEMU whose guest has shut down by a signal.
class DomainListeners {
public:
    void attach(virConnect& connection);
    void detach(virConnect& connection) noexcept;

    /// Thread-safe, all of them. A name has one listener.
    void listen(const std::string& domain_name, DomainEventSink sink);
    void forget(const std::string& domain_name);
    void tell(const std::string& domain_name, const DomainEvent& event);
    /// A moment of QEMU's, who has only the calendar.
    std::chrono::steady_clock::time_point moment(CalendarClock::Calendar at);
    /// The next stop of the guest is not told, nor the shutdown that goes before it: it will be taken up
    /// again.
    void overlook_stop(const std::string& domain_name);
    /// Takes that back: it has not stopped.
    void heed_stops(const std::string& domain_name);

    static constexpr std::chrono::seconds reset_gap{1};

private:
    struct Listener {
        std::shared_ptr<const DomainEventSink> sink;
        std::optional<std::chrono::steady_clock::time_point> last_reset;
        bool shut_down = false;
        unsigned stops_overlooked = 0;
    };

    int lifecycle_ = -1, monitor_ = -1;  ///< libvirt's callback numbers
    std::mutex mutex_;
    CalendarClock calendar_;
    std::map<std::string, Listener> listeners_;
};

}  // namespace lktest
