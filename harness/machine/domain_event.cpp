// SPDX-License-Identifier: MIT
#include "harness/machine/domain_event.hpp"

#include <fmt/format.h>
#include <libvirt/libvirt-qemu.h>

#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "harness/machine/connection.hpp"

namespace lktest {
namespace {

using Kind = DomainEvent::Kind;

template <std::size_t size>
std::string reason(const std::array<std::string_view, size>& names, int detail) {
    const auto index = static_cast<std::size_t>(detail);
    return std::string(index < size ? names[index] : "unknown");
}

/// libvirt's lifecycle events, except those for which QEMU's own events have more detail.
std::optional<DomainEvent> from_lifecycle(int event, int detail) {
    static constexpr std::array<std::string_view, 9> suspended{"paused",    "migrated", "io-error",
                                                               "watchdog",  "restored", "snapshot",
                                                               "api-error", "postcopy", "postcopy-failed"};
    static constexpr std::array<std::string_view, 7> stopped{"shutdown", "destroyed", "crashed", "migrated",
                                                             "saved",    "failed",    "snapshot"};
    const auto now = std::chrono::steady_clock::now();
    switch (event) {
        case VIR_DOMAIN_EVENT_STARTED: return DomainEvent{Kind::started, "", now};
        case VIR_DOMAIN_EVENT_SUSPENDED: return DomainEvent{Kind::suspended, reason(suspended, detail), now};
        case VIR_DOMAIN_EVENT_RESUMED: return DomainEvent{Kind::resumed, "", now};
        case VIR_DOMAIN_EVENT_STOPPED: return DomainEvent{Kind::stopped, reason(stopped, detail), now};
        default: return std::nullopt;
    }
}

/// QEMU's own events (QMP: run-state.json).
std::optional<DomainEvent> from_monitor(std::string_view event, const char* details) {
    const auto data = nlohmann::json::parse(details ? details : "", nullptr, false);
    const auto text = [&](const char* key) {
        const auto found = data.is_object() ? data.find(key) : data.end();
        return found != data.end() && found->is_string() ? found->get<std::string>() : std::string();
    };
    if (event == "RESET")
        return DomainEvent{Kind::reset, text("reason"), {}};
    if (event == "SHUTDOWN")
        return DomainEvent{Kind::shutdown, text("reason"), {}};
    if (event == "GUEST_PANICKED")
        return DomainEvent{Kind::panicked, text("action"), {}};
    return std::nullopt;
}

// libvirt calls these from C, which exceptions must not enter. Listeners handle their own errors. The only
// error left is a lack of memory for the event itself, which is then lost.

int on_lifecycle(virConnectPtr, virDomainPtr domain, int event, int detail, void* listeners) noexcept try {
    if (const auto told = from_lifecycle(event, detail))
        static_cast<DomainListeners*>(listeners)->tell(virDomainGetName(domain), *told);
    return 0;
} catch (...) {
    return 0;
}

void on_monitor(virConnectPtr, virDomainPtr domain, const char* event, long long seconds,
                unsigned int microseconds, const char* details, void* listeners) noexcept try {
    auto told = from_monitor(event, details);
    if (!told)
        return;
    auto& told_to = *static_cast<DomainListeners*>(listeners);
    told->at = told_to.moment(
        CalendarClock::Calendar(std::chrono::seconds(seconds) + std::chrono::microseconds(microseconds)));
    told_to.tell(virDomainGetName(domain), *told);
} catch (...) {
    return;
}

}  // namespace

std::string_view name(Kind kind) {
    constexpr std::array names{"started", "suspended", "resumed", "reset", "shutdown", "panicked", "stopped"};
    return names[static_cast<std::size_t>(kind)];
}

void DomainListeners::attach(virConnect& connection) {
    lifecycle_ = virConnectDomainEventRegisterAny(&connection, nullptr, VIR_DOMAIN_EVENT_ID_LIFECYCLE,
                                                  VIR_DOMAIN_EVENT_CALLBACK(on_lifecycle), this, nullptr);
    if (lifecycle_ < 0)
        throw libvirt_error("libvirt does not report events of guests");
    monitor_ = virConnectDomainQemuMonitorEventRegister(
        &connection, nullptr, "^(RESET|SHUTDOWN|GUEST_PANICKED)$", on_monitor, this, nullptr,
        VIR_CONNECT_DOMAIN_QEMU_MONITOR_EVENT_REGISTER_REGEX);
    if (monitor_ < 0) {
        Error error =
            libvirt_error("libvirt does not report events of QEMU", "connect to a QEMU driver: qemu:///…");
        detach(connection);
        throw error;
    }
}

void DomainListeners::detach(virConnect& connection) noexcept {
    if (const int id = std::exchange(lifecycle_, -1); id >= 0)
        virConnectDomainEventDeregisterAny(&connection, id);
    if (const int id = std::exchange(monitor_, -1); id >= 0)
        virConnectDomainQemuMonitorEventDeregister(&connection, id);
}

void DomainListeners::listen(const std::string& domain_name, DomainEventSink sink) {
    Listener listener{.sink = std::make_shared<const DomainEventSink>(std::move(sink)),
                      .last_reset = std::nullopt,
                      .shut_down = false,
                      .stops_overlooked = 0};
    const std::lock_guard lock(mutex_);
    if (!listeners_.emplace(domain_name, std::move(listener)).second)
        throw host_error(fmt::format("a guest {} already exists", domain_name));
}

void DomainListeners::forget(const std::string& domain_name) {
    const std::lock_guard lock(mutex_);
    listeners_.erase(domain_name);
}

void DomainListeners::overlook_stop(const std::string& domain_name) {
    const std::lock_guard lock(mutex_);
    if (const auto found = listeners_.find(domain_name); found != listeners_.end())
        ++found->second.stops_overlooked;
}

void DomainListeners::heed_stops(const std::string& domain_name) {
    const std::lock_guard lock(mutex_);
    if (const auto found = listeners_.find(domain_name); found != listeners_.end())
        found->second.stops_overlooked = 0;
}

std::chrono::steady_clock::time_point DomainListeners::moment(CalendarClock::Calendar at) {
    const std::lock_guard lock(mutex_);
    return calendar_.steady(at, std::chrono::system_clock::now(), std::chrono::steady_clock::now());
}

void DomainListeners::tell(const std::string& domain_name, const DomainEvent& event) {
    std::shared_ptr<const DomainEventSink> sink;
    {
        const std::lock_guard lock(mutex_);
        const auto found = listeners_.find(domain_name);
        if (found == listeners_.end())
            return;
        if (unsigned& overlooked = found->second.stops_overlooked;
            overlooked > 0 && (event.kind == Kind::stopped || event.kind == Kind::shutdown)) {
            overlooked -= event.kind == Kind::stopped ? 1 : 0;
            return;
        }
        if (event.kind == Kind::shutdown && std::exchange(found->second.shut_down, true))
            return;
        if (event.kind == Kind::reset) {
            auto& last = found->second.last_reset;
            if (last && event.at >= *last && event.at - *last < reset_gap)
                return;
            last = event.at;
        }
        sink = found->second.sink;
    }
    if (*sink)
        (*sink)(event);
}

}  // namespace lktest
