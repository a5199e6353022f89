// SPDX-License-Identifier: MIT
#include "harness/boot/attendance.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace lktest {

using std::chrono::microseconds;

Attendance::Attendance(boost::asio::io_context& io, const BootCell& cell, const Scenario& scenario,
                       const std::vector<Failure>& failures, const std::filesystem::path& artefacts,
                       EventSink sink)
    : scenario_(scenario),
      watch_(cell, scenario, failures),
      record_(artefacts),
      tty1_(artefacts / "tty1.log"),
      bell_(io),
      sink_([this, told = std::move(sink)](const Event& event) {
          try {
              told(event);
          } catch (const std::exception& fault) {
              thrown(fault);
          }
      }) {}

void Attendance::power_on() {
    power_on_ = Clock::now();
}

microseconds Attendance::since_power_on() const {
    if (power_on_ == Clock::time_point{})
        return microseconds::zero();
    return std::chrono::duration_cast<microseconds>(Clock::now() - power_on_);
}

microseconds Attendance::lasted_since(microseconds since) const {
    return watch_.clock().elapsed(since, since_power_on());
}

void Attendance::serial_said(std::string_view bytes) try {
    const microseconds now = since_power_on();
    if (bytes.empty()) {
        seen_.console_closed = true;
    } else {
        seen_.last_byte = now;
        if (!record_.write(bytes, now))
            seen_.host_problem = "cannot write the console's record; is the disk full?";
        if (record_.full() && !std::exchange(record_full_, true))
            tell({.at = now,
                  .kind = Event::Kind::warning,
                  .name = "too-much-output",
                  .text = "the console's record is full; later output is not recorded"});
        watch_.feed(Source::serial, bytes, now);
        if (on_line_)
            lines_.feed(bytes, now, on_line_);
        if (on_serial_)
            on_serial_(bytes, now);
        std::erase_if(overhearing_, [](const auto& listener) { return listener.expired(); });
        for (const auto& listener : overhearing_)
            if (const auto call = listener.lock())
                (*call)(bytes);
        if (seen_.poked_at)
            seen_.poke_answer.append(bytes, 0, 1000);
        if (!seen_.poked_at || is_visible(bytes))
            heard();
    }
    news();
} catch (const std::exception& fault) {
    thrown(fault);
}

void Attendance::port_said(std::string_view bytes) try {
    watch_.feed(Source::virtio, bytes, since_power_on());
    heard();
    news();
} catch (const std::exception& fault) {
    thrown(fault);
}

void Attendance::log_said(std::string_view lines) try {
    watch_.feed(Source::kernel_log, lines, since_power_on());
    watch_.kernel_runs();
    heard();
    news();
} catch (const std::exception& fault) {
    thrown(fault);
}

void Attendance::shown(Source source, const std::vector<std::string>& rows) try {
    if (source == Source::tty1 && !tty1_.write(rows, since_power_on()))
        seen_.host_problem = "cannot write the record of tty1; is the disk full?";
    if (watch_.show(source, rows, since_power_on()))
        heard();
    news();
} catch (const std::exception& fault) {
    thrown(fault);
}

void Attendance::painted(const Painting& painting) {
    watch_.painted(painting, since_power_on());
    news();
}

bool Attendance::serial_is_silent() const {
    constexpr std::chrono::seconds a_while{1};
    return since_power_on() >= seen_.last_byte.value_or(microseconds::zero()) + a_while;
}

void Attendance::happened(const DomainEvent& event) try {
    using Kind = DomainEvent::Kind;
    // The guest's clock starts at power-on.
    microseconds at{};
    if (power_on_ != Clock::time_point{})
        at = std::max(at, std::chrono::duration_cast<microseconds>(event.at - power_on_));
    const auto gone = [&](Sighting::Machine how) {
        if (seen_.machine != Sighting::Machine::running)
            return;
        seen_.machine = how;
        seen_.machine_reason = event.reason;
        seen_.gone_at = at;
    };
    switch (event.kind) {
        case Kind::reset:
            // Unless a step pressed the reset button, a reset that the guest did not cause is QEMU starting
            // up.
            if (!event.reason.starts_with("guest") && !reset_expected_)
                return;
            if (std::exchange(reset_expected_, false))
                ++seen_.resets_asked;
            watch_.reset(at, event.reason);
            seen_.enters = 0;
            seen_.loader_looks = 0;
            heard();
            if (on_reset_)
                on_reset_();
            break;
        case Kind::panicked: gone(Sighting::Machine::panicked); break;
        case Kind::shutdown: shutdown_reason_ = event.reason; break;
        case Kind::stopped:
            gone(shutdown_reason_ == "guest-shutdown" ? Sighting::Machine::powered_off
                                                      : Sighting::Machine::died);
            break;
        case Kind::started:
        case Kind::suspended:
        case Kind::resumed: break;
    }
    if (event.kind != Kind::reset)  // the watch reports resets itself
        tell({.at = at,
              .kind = Event::Kind::lifecycle,
              .source = Source::libvirt,
              .name = std::string(name(event.kind)),
              .text = event.reason});
    news();
} catch (const std::exception& fault) {
    thrown(fault);
}

void Attendance::looked_for_kernel(KernelSign sign) {
    constexpr unsigned enough = 3, given_up = 25;
    seen_.looked_at = since_power_on();
    blind_looks_ = sign == KernelSign::unknown ? blind_looks_ + 1 : 0;
    seen_.loader_looks = sign == KernelSign::loader ? seen_.loader_looks + 1 : 0;
    if (sign == KernelSign::kernel)
        watch_.kernel_runs();
    else if (seen_.loader_looks >= enough)
        watch_.loader_runs();
    if (blind_looks_ >= given_up || (gone() && sign == KernelSign::unknown))
        watch_.believe_console();
    news();
}

void Attendance::network_checked(const std::string& lease) {
    guest_address_ = lease;
    watch_.network_checked(since_power_on(), lease.empty() ? "lease none" : "lease " + lease);
    news();
}

void Attendance::network_failed(std::string problem) {
    seen_.network_problem = std::move(problem);
    news();
}

void Attendance::host_failed(std::string problem) {
    seen_.host_problem = std::move(problem);
    news();
}

void Attendance::thrown(const std::exception& fault) {
    if (seen_.host_problem.empty())
        seen_.host_problem = fault.what();
    news();
}

void Attendance::cancel() {
    seen_.cancelled = true;
    news();
}

void Attendance::poked() {
    seen_.poked_at = since_power_on();
    seen_.poke_answer.clear();
}

void Attendance::entered() {
    ++seen_.enters;
    seen_.enter_at = since_power_on();
    const bool counts = seen_.counting_since.has_value();
    tell({.at = *seen_.enter_at,
          .kind = Event::Kind::step,
          .name = "press Enter",
          .text =
              counts ? "the boot loader's menu is counting down" : "the boot loader's menu waits for a key"});
    if (seen_.enters == 1)  // the time before was spent in the menu, not in the kernel
        tell({.at = *seen_.enter_at,
              .kind = Event::Kind::milestone,
              .name = "menu",
              .text = "Enter was pressed"});
}

void Attendance::stands_still(std::optional<Sighting::Standing> how) {
    const bool is_news = how || seen_.standing;
    seen_.standing = how;
    if (is_news)
        news();
}

void Attendance::repeats_itself(std::optional<Sighting::Standing> how) {
    const bool is_news = how || seen_.repeating;
    seen_.repeating = how;
    if (is_news)
        news();
}

void Attendance::heard() {
    heard_at_ = since_power_on();
    seen_.standing.reset();
}

void Attendance::tell(Event event) {
    if (const auto passed = bound_.pass(std::move(event)))
        sink_(*passed);
}

void Attendance::forget_sink() {
    sink_ = [](const Event&) {};
}

std::shared_ptr<void> Attendance::overhear(std::function<void(std::string_view bytes)> call) {
    auto listener = std::make_shared<std::function<void(std::string_view)>>(std::move(call));
    overhearing_.emplace_back(listener);
    return listener;
}

void Attendance::look() {
    watch_.quiet(since_power_on());
    if (!watch_.menu_counts_down())
        seen_.counting_since.reset();
    else if (!seen_.counting_since)
        seen_.counting_since = since_power_on();
    for (const Event& event : watch_.take_events())
        tell(event);
    seen_.now = since_power_on();
}

Decision Attendance::judge_now(const Limits& limits) {
    look();
    if (suspicion_holds(watch_, seen_, limits)) {
        watch_.believe_suspect();
        look();
    }
    return judge(watch_, scenario_, seen_, limits);
}

Decision Attendance::judge_now(const Limits& limits, const Acting& acting) {
    look();
    return judge_step(watch_, scenario_, seen_, limits, acting);
}

Verdict Attendance::passed() {
    return passed_verdict(watch_, since_power_on());
}

Verdict Attendance::step_failed(const Acting& acting, std::string reason) {
    look();
    return failed_step(watch_, seen_, acting, std::move(reason));
}

boost::asio::awaitable<void> Attendance::wait_until(microseconds until) {
    co_await bell_.wait_until(power_on_ + until);
}

void Attendance::news() {
    bell_.ring();
}

}  // namespace lktest
