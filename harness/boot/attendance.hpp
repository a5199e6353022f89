// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <exception>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/boot/bell.hpp"
#include "harness/boot/console_record.hpp"
#include "harness/boot/judge.hpp"
#include "harness/boot/screen_record.hpp"
#include "harness/console/watch.hpp"
#include "harness/diagnose/kernel_sign.hpp"
#include "harness/machine/domain_event.hpp"
#include "harness/matrix/event.hpp"
#include "harness/matrix/event_bound.hpp"

namespace lktest {

/// Collects what is observed of a running cell and wakes the judge on every change. Passes the events on in
/// order.
class Attendance {
public:
    using Clock = std::chrono::steady_clock;

    Attendance(boost::asio::io_context& io, const BootCell& cell, const Scenario& scenario,
               const std::vector<Failure>& failures, const std::filesystem::path& artefacts, EventSink sink);

    /// Starts the clock. Call it just before the guest is resumed.
    void power_on();
    std::chrono::microseconds since_power_on() const;
    /// How long ago `since` was, in the guest's own time.
    std::chrono::microseconds lasted_since(std::chrono::microseconds since) const;
    /// Reports that the host has kept the guest waiting for `stolen` in total.
    void host_gave(std::chrono::microseconds stolen) { watch_.host_gave(since_power_on(), stolen); }

    void serial_said(std::string_view bytes);  ///< empty bytes mean that the line was closed
    void port_said(std::string_view bytes);
    void log_said(std::string_view lines);  ///< lines of the kernel's log, read from outside
    void shown(Source source, const std::vector<std::string>& rows);  ///< on a display
    void painted(const Painting& painting);
    void happened(const DomainEvent& event);
    /// A loader can print anything, so the CPUs were checked for a kernel.
    void looked_for_kernel(KernelSign sign);
    /// Text alone does not prove a kernel; after this, looked_for_kernel() is called.
    void ask_for_kernel() { watch_.ask_for_kernel(); }
    /// @param lease  the guest's address
    void network_checked(const std::string& lease);
    void network_failed(std::string problem);
    void host_failed(std::string problem);
    void cancel();
    void poked();
    void entered();                                            ///< Enter was pressed in the loader's menu
    void stands_still(std::optional<Sighting::Standing> how);  ///< unset: it moves
    /// The guest prints, but nothing new. Unset: it makes progress.
    void repeats_itself(std::optional<Sighting::Standing> how);
    /// The guest is alive, although no console shows it.
    void moves() { heard(); }

    /// Records an event of lktest or of another observer. Events beyond the limit of their kind are dropped.
    void tell(Event event);
    /// Stops reporting events: the cell has its verdict, although its guest may be kept.
    void forget_sink();

    /// Called at each reset of the guest, which invalidates earlier observations.
    void on_reset(std::function<void()> call) { on_reset_ = std::move(call); }

    /// Also calls `call` with the lines of the serial console.
    void on_line(Transcript::Sink call) { on_line_ = std::move(call); }
    /// Also calls `call` with the bytes of the serial console.
    void on_serial(std::function<void(std::string_view bytes, std::chrono::microseconds at)> call) {
        on_serial_ = std::move(call);
    }
    /// Also calls `call` with the bytes of the serial console while the returned object lives. Any number of
    /// listeners can be added.
    std::shared_ptr<void> overhear(std::function<void(std::string_view bytes)> call);

    /// The scenario causes the next reset, through the guest or the harness.
    void expect_reset() { reset_expected_ = true; }
    /// The address that the guest leased; empty before the network was checked.
    const std::string& guest_address() const noexcept { return guest_address_; }
    /// A guest that had gone has been restored.
    void is_back() { seen_.machine = Sighting::Machine::running; }
    bool gone() const noexcept { return seen_.machine != Sighting::Machine::running; }
    bool powered_off() const noexcept { return seen_.machine == Sighting::Machine::powered_off; }

    /// Whether the serial console has been silent for so long that other places are worth a look.
    bool serial_is_silent() const;

    /// When the guest last printed or displayed anything. The echo of a key that lktest pressed does not
    /// count.
    std::chrono::microseconds heard_at() const noexcept { return heard_at_; }

    Decision judge_now(const Limits& limits);
    Decision judge_now(const Limits& limits, const Acting& acting);
    /// The verdict of a cell that passed.
    Verdict passed();
    Verdict step_failed(const Acting& acting, std::string reason);
    /// Waits until `until` (since power-on) or the next change.
    boost::asio::awaitable<void> wait_until(std::chrono::microseconds until);

    const Watch& watch() const noexcept { return watch_; }
    std::vector<std::string> screen_rows() { return watch_.screen_rows(); }

private:
    /// Turns an exception into a host fault of this cell. Exceptions from handlers that all cells share, such
    /// as libvirt's, would otherwise end the whole run.
    void thrown(const std::exception& fault);
    void news();
    void look();
    void heard();

    const Scenario& scenario_;
    Watch watch_;
    ConsoleRecord record_;
    ScreenRecord tty1_;
    bool record_full_ = false;
    EventBound bound_;
    Sighting seen_;
    std::chrono::microseconds heard_at_{};
    Bell bell_;
    EventSink sink_;
    std::function<void()> on_reset_;
    std::function<void(std::string_view, std::chrono::microseconds)> on_serial_;
    std::vector<std::weak_ptr<std::function<void(std::string_view)>>> overhearing_;
    Transcript::Sink on_line_;
    Transcript lines_;  ///< for on_line_
    unsigned blind_looks_ = 0;
    std::string guest_address_;
    bool reset_expected_ = false;
    std::string shutdown_reason_;
    Clock::time_point power_on_{};
};

}  // namespace lktest
