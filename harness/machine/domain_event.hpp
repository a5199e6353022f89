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

/// An event of a guest. Only QEMU's reason distinguishes a power-off from a reboot, because libvirt's own
/// events are the same for both.
struct DomainEvent {
    enum class Kind {
        started,
        suspended,  ///< reason from libvirt: "paused", "io-error", "watchdog", …
        resumed,
        reset,     ///< reason from QEMU: "guest-reset", "host-qmp-system-reset", "guest-panic", …
        shutdown,  ///< reason from QEMU: "guest-shutdown", "guest-panic", "host-signal", …
        panicked,  ///< the guest's kernel used the panic device; reason: QEMU's action: "pause", …
        stopped,   ///< always the last; reason from libvirt: "shutdown", "destroyed", "crashed", "failed"
    };
    Kind kind = Kind::started;
    std::string reason;
    std::chrono::steady_clock::time_point
        at;  ///< when QEMU noticed it, or when it arrived if QEMU did not report it
};
/// "started", "suspended", …
std::string_view name(DomainEvent::Kind kind);

/// Called on the thread that runs the EventLoop's io_context.
using DomainEventSink = std::function<void(const DomainEvent&)>;

/// Dispatches the events of one connection to listeners by guest name. A listener can therefore register
/// before the guest exists, and misses nothing.
///
/// Two kinds of events are suppressed. A reset within reset_gap of the previous one, because SeaBIOS resets a
/// machine that ran before once more. And a second shutdown, because libvirt kills the QEMU of a guest that
/// has shut down.
class DomainListeners {
public:
    void attach(virConnect& connection);
    void detach(virConnect& connection) noexcept;

    /// All functions are thread-safe. A name has one listener.
    void listen(const std::string& domain_name, DomainEventSink sink);
    void forget(const std::string& domain_name);
    void tell(const std::string& domain_name, const DomainEvent& event);
    /// Converts a time stamp of QEMU, which uses the calendar.
    std::chrono::steady_clock::time_point moment(CalendarClock::Calendar at);
    /// Suppresses the next stop of the guest and the shutdown before it, because the guest will be restored.
    void overlook_stop(const std::string& domain_name);
    /// Cancels overlook_stop(), because the guest has not stopped.
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
