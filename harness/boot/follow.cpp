// SPDX-License-Identifier: MIT
#include "harness/boot/follow.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "harness/machine/worker.hpp"

namespace lktest {
namespace {

namespace asio = boost::asio;

/// Looks for what the serial console does not show: the kernel's log while it does not show all of it, and
/// when it is silent the displays. Holds what it touches: it may wake once more after the cell is over, which
/// is when `cell` expires. After a reset the memory still holds the log and the terminal of the boot before.
asio::awaitable<void> keep_looking(Host& host, std::shared_ptr<Attendance> attendance,
                                   std::shared_ptr<Follower> follower, std::weak_ptr<void> cell) {
    constexpr auto pause = std::chrono::milliseconds(200);
    asio::steady_timer timer(host.io);
    struct Seen {
        std::string log;
        std::vector<std::string> tty1, display;
    };
    while (!cell.expired()) {
        const unsigned resets = attendance->watch().resets();
        const bool silent = attendance->serial_is_silent();
        const bool memory = resets == 0, log = memory && !attendance->watch().shows_kernel_log();
        const auto look = [follower, silent, memory, log] {
            return Seen{log ? follower->log() : "",
                        memory && silent ? follower->tty1() : std::vector<std::string>(),
                        silent ? follower->display() : std::vector<std::string>()};
        };
        if (log || silent) {
            const Seen seen = co_await on_worker(host.workers, look);
            if (cell.expired())
                co_return;
            const bool late = attendance->watch().resets() != resets;
            if (!late && !seen.log.empty() && !attendance->watch().shows_kernel_log())
                attendance->log_said(seen.log);
            if (!late && !seen.tty1.empty())
                attendance->shown(Source::tty1, seen.tty1);
            if (!late && !seen.display.empty())
                attendance->shown(Source::display, seen.display);
        }
        timer.expires_after(pause);
        co_await timer.async_wait(asio::use_awaitable);
    }
}

}  // namespace

std::shared_ptr<void> follow(Host& host, std::shared_ptr<Attendance> attendance, Rig& rig) {
    auto following = std::make_shared<int>();
    const std::weak_ptr<void> cell_is_on = following;
    auto follower = rig.onlooker->follow(*rig.guest, rig.spec.cell.firmware == Firmware::bios);
    asio::co_spawn(host.io, keep_looking(host, std::move(attendance), std::move(follower), cell_is_on),
                   asio::detached);
    return following;
}

}  // namespace lktest
