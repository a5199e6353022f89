// SPDX-License-Identifier: MIT
#include "harness/run/hold.hpp"

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>

#include "harness/boot/live_guest.hpp"
#include "harness/run/shell.hpp"

namespace lktest {
namespace {

namespace asio = boost::asio;
using std::chrono::steady_clock;

constexpr std::chrono::hours longest_hold{12};

void tell(const RunFloor& floor, const RunInput& input) {
    std::FILE* screen = input.options.format == RunFormat::text ? stdout : stderr;
    const std::string run = fmt::format(" --run {}", shell_word(input.directory.path().string()));
    fmt::print(screen, "\nkept guests, paused until this command ends:\n");
    for (const LiveGuests::Guest& guest : floor.host.guests.kept()) {
        const std::string cell = shell_word(guest->cell_name());
        fmt::print(screen, "  {}\n", guest->cell_name());
        fmt::print(screen, "    examine   lktest diagnose {}{}\n", cell, run);
        fmt::print(screen, "    reach     lktest attach {}{}\n", cell, run);
        fmt::print(screen, "    end       run attach, then type: end\n");
    }
    fmt::print(screen, "Ctrl-C ends this command and all of them.\n");
    std::fflush(screen);
}

/// Waits for a signal, or until no guest is left.
asio::awaitable<void> until_over(RunFloor& floor, asio::signal_set& signals) {
    const auto asked = std::make_shared<bool>(false);  // shared: a signal may set it after the return
    signals.async_wait([asked](const boost::system::error_code&, int) { *asked = true; });
    const steady_clock::time_point last = steady_clock::now() + longest_hold;
    asio::steady_timer timer(floor.io);
    while (!*asked && !floor.host.guests.kept().empty() && steady_clock::now() < last) {
        timer.expires_after(std::chrono::milliseconds(200));
        co_await timer.async_wait(asio::use_awaitable);
    }
    boost::system::error_code ignored;
    signals.cancel(ignored);
    floor.io.stop();
}

}  // namespace

void hold_kept(RunFloor& floor, const RunInput& input) {
    if (floor.host.guests.kept().empty())
        return;
    tell(floor, input);
    floor.io.restart();
    asio::signal_set signals(floor.io, SIGINT, SIGTERM, SIGHUP);
    asio::co_spawn(floor.io, until_over(floor, signals), asio::detached);
    floor.io.run();
    for (const LiveGuests::Guest& guest : std::vector(floor.host.guests.kept())) {
        guest->let_go();
        floor.host.guests.forget(guest);
    }
}

}  // namespace lktest
