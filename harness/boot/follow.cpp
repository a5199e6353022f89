// SPDX-License-Identifier: MIT
#include "harness/boot/follow.hpp"

#include "harness/boot/beside.hpp"
#include "harness/machine/worker.hpp"

namespace lktest {
namespace {

namespace asio = boost::asio;

struct Seen {
    std::string log;
    std::vector<std::string> tty1, display;
    std::optional<Painting> painting;
};

/// Looks at what the serial console does not show: the kernel's log if it is incomplete there, and the
/// displays if the console is silent. After a reset, memory still holds the log and the terminal of the
/// previous boot.
asio::awaitable<bool> look(Host& host, std::shared_ptr<Attendance> attendance,
                           std::shared_ptr<Follower> follower, std::weak_ptr<void> cell) {
    const unsigned resets = attendance->watch().resets();
    const bool silent = attendance->serial_is_silent();
    const bool started = attendance->watch().medium_started();
    // The firmware's last picture is needed to recognize what the medium paints.
    const bool pictures = attendance->watch().awaits_painting();
    // A kernel may keep logging after it has lost the serial console.
    const bool memory = resets == 0, log = memory && (silent || !attendance->watch().shows_kernel_log());
    if (!log && !silent && !pictures)
        co_return true;
    const auto read = [follower, silent, memory, log, started, pictures] {
        Seen seen;
        if (log)
            seen.log = follower->log();
        if (memory && silent)
            seen.tty1 = follower->tty1();
        if (silent || pictures)
            seen.display = follower->display();
        if (pictures && !started)
            follower->firmware_painted();
        else if (pictures)
            seen.painting = follower->painting();
        return seen;
    };
    const Seen seen = co_await on_worker(host.workers, read);
    if (cell.expired())
        co_return false;
    if (attendance->watch().resets() != resets)
        co_return true;
    if (!seen.log.empty() && !attendance->watch().shows_kernel_log())
        attendance->log_said(seen.log);
    else if (!seen.log.empty())
        attendance->moves();
    if (!seen.tty1.empty())
        attendance->shown(Source::tty1, seen.tty1);
    if (silent && !seen.display.empty())
        attendance->shown(Source::display, seen.display);
    if (seen.painting && attendance->watch().medium_started())
        attendance->painted(*seen.painting);
    co_return true;
}

}  // namespace

std::shared_ptr<void> follow(Host& host, std::shared_ptr<Attendance> attendance, Rig& rig) {
    constexpr std::chrono::milliseconds pause{200};
    auto follower = rig.onlooker->follow(*rig.guest, rig.spec.cell);
    return beside(host, pause,
                  [&host, attendance = std::move(attendance), follower = std::move(follower)](
                      const std::weak_ptr<void>& cell) { return look(host, attendance, follower, cell); });
}

}  // namespace lktest
