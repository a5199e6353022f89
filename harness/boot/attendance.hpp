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

/// A running cell as its judge sees it: collects what the console, the machine and the
/// network say, rings the bell at each news, and passes the events on in order.
class Attendance {
public:
    using Clock = std::chrono::steady_clock;

    Attendance(boost::asio::io_context& io, const BootCell& cell, const Scenario& scenario,
               const std::vector<Failure>& failures, const std::filesystem::path& artefacts, EventSink sink);

    /// Time begins: call it just before the guest is resumed.
    void power_on();
    std::chrono::microseconds since_power_on() const;
    /// How long something lasted until now in the guest's own time.
    std::chrono::microseconds lasted_since(std::chrono::microseconds since) const;
    /// The host has kept the guest waiting for `stolen` in all.
    void host_gave(std::chrono::microseconds stolen) { watch_.host_gave(since_power_on(), stolen); }

    void serial_said(std::string_view bytes);  ///< empty: the line was closed
    void port_said(std::string_view bytes);
    void log_said(std::string_view lines);  ///< of the kernel's log, read from outside
    void shown(Source source, const std::vector<std::string>& rows);  ///< on a display
    void painted(const Painting& painting);
    void happened(const DomainEvent& event);
    /// A loader can print anything, so the CPUs were looked at.
    void looked_for_kernel(KernelSign sign);
    /// Text alone proves no kernel: somebody calls looked_for_kernel().
    void ask_for_kernel() { watch_.ask_for_kernel(); }
    /// @param lease  the guest's address
    void network_checked(const std::string& lease);
    void network_failed(std::string problem);
    void host_failed(std::string problem);
    void cancel();
    void poked();
    void entered();                                            ///< Enter was pressed in the loader's menu
    void stands_still(std::optional<Sighting::Standing> how);  ///< unset: it moves
    /// It talks and says nothing new; unset: it gets further.
    void repeats_itself(std::optional<Sighting::Standing> how);
    /// It is alive, though no console shows it.
    void moves() { heard(); }

    /// An event of our own, or of another witness. One too many of a kind is passed on to nobody.
    void tell(Event event);
    /// Nobody is told of events any more: the cell has its verdict, though its guest may be kept.
    void forget_sink();

    /// Called at each reset of the guest, which makes void what was seen before.
    void on_reset(std::function<void()> call) { on_reset_ = std::move(call); }

    /// Called with the lines of the serial console, besides what is done with them here.
    void on_line(Transcript::Sink call) { on_line_ = std::move(call); }
    /// Likewise with its bytes.
    void on_serial(std::function<void(std::string_view bytes, std::chrono::microseconds at)> call) {
        on_serial_ = std::move(call);
    }
    /// Likewise with its bytes, as long as what it returns lives: for any number of listeners.
    std::shared_ptr<void> overhear(std::function<void(std::string_view bytes)> call);

    /// The next reset is the scenario's doing, be it the guest's or the harness's.
    void expect_reset() { reset_expected_ = true; }
    /// What the guest leased; empty before the network was checked.
    const std::string& guest_address() const noexcept { return guest_address_; }
    /// A guest that was gone has been taken up again.
    void is_back() { seen_.machine = Sighting::Machine::running; }
    bool gone() const noexcept { return seen_.machine != Sighting::Machine::running; }
    bool powered_off() const noexcept { return seen_.machine == Sighting::Machine::powered_off; }

    /// Whether the serial console has said nothing for a while, so that it is worth while to look elsewhere.
    bool serial_is_silent() const;

    /// When the guest last said or showed anything; an echo of the key that it was poked with is nothing.
    std::chrono::microseconds heard_at() const noexcept { return heard_at_; }

    Decision judge_now(const Limits& limits);
    Decision judge_now(const Limits& limits, const Acting& acting);
    /// The verdict of a cell with which all went well.
    Verdict passed();
    Verdict step_failed(const Acting& acting, std::string reason);
    /// Until `until` (since power-on), or the next news.
    boost::asio::awaitable<void> wait_until(std::chrono::microseconds until);

    const Watch& watch() const noexcept { return watch_; }
    std::vector<std::string> screen_rows() { return watch_.screen_rows(); }

private:
    /// What goes wrong while news are noted is this cell's host fault: they come from libvirt and from
    /// handlers that all cells share, where an exception would end the whole run.
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
