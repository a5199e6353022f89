// SPDX-License-Identifier: MIT
#include "harness/boot/debug.hpp"

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <set>
#include <thread>

#include "harness/boot/follow.hpp"
#include "harness/boot/live_guest.hpp"
#include "harness/boot/snapshot.hpp"
#include "harness/boot/terminal_session.hpp"
#include "harness/machine/worker.hpp"
#include "harness/scenario/parse.hpp"

namespace lktest {
namespace {

namespace asio = boost::asio;
using std::chrono::microseconds;

/// How often a worker returns, to check whether the user wants to end.
constexpr auto one_watch = std::chrono::milliseconds(200);

/// Watches the CPUs for a moment, and stops the guest as soon as one of them executes a kernel. A look takes
/// one millisecond, so the kernel has run for a few milliseconds at most.
bool stop_at_kernel(Rig& rig) {
    const std::lock_guard alone(rig.looking);
    const auto end = std::chrono::steady_clock::now() + one_watch;
    while (std::chrono::steady_clock::now() < end) {
        if (rig.onlooker->runs_a_kernel(*rig.guest)) {
            rig.guest->suspend();
            return true;
        }
        std::this_thread::sleep_for(std::chrono::microseconds(500));
    }
    return false;
}

/// The state of a debugging session.
struct Course {
    std::set<std::string> milestones;
    bool over = false;  ///< the user has left
};

/// Reports a snapshot that cannot be saved; debugging continues without it.
asio::awaitable<void> take_snapshot_at(const std::string& milestone, LiveGuest& guest,
                                       TerminalSession& session) {
    std::string problem;
    try {
        co_await guest.snapshot();
    } catch (const Error& fault) {
        problem = fmt::format("{}\n{}", fault.what(), fault.hint());
    }
    if (problem.empty())
        session.mention(
            fmt::format("Milestone '{}' is reached: lktest takes a snapshot. 'restore' at the prompt "
                        "returns to it.",
                        milestone));
    else
        session.announce(problem);
}

/// Runs until the stop point is reached, and then until the user has left. Meanwhile it types into the
/// loader's menu.
asio::awaitable<void> go(Host& host, std::shared_ptr<Attendance> attendance, Rig& rig, LiveGuest& guest,
                         const StopPoint& stop, TerminalSession& session, Course& course) {
    bool stopped = stop.milestone.empty() && !stop.kernel_entry, told_of_end = false;
    bool remembered = stop.snapshot.empty();
    while (!course.over) {
        if (rig.loader)
            if (std::string keys = rig.loader->type(attendance->screen_rows(), attendance->since_power_on());
                !keys.empty())
                rig.serial->send(std::move(keys));
        attendance->judge_now(rig.limits);  // only to report milestones; the decision is ignored
        if (!attendance->gone())
            told_of_end = false;
        else if (!std::exchange(told_of_end, true))
            session.announce("The guest has ended. 'end' leaves, 'restore' returns to a snapshot.");
        if (!remembered && !attendance->gone() && course.milestones.contains(stop.snapshot)) {
            remembered = true;
            co_await take_snapshot_at(stop.snapshot, guest, session);
        }
        if (!stopped && !attendance->gone() && course.milestones.contains(stop.milestone)) {
            stopped = true;
            co_await guest.pause();
            session.announce(fmt::format("Milestone '{}' is reached: the guest is paused.", stop.milestone));
        }
        if (!stopped && !attendance->gone() && stop.kernel_entry) {
            const auto watch_cpus = [&rig] { return stop_at_kernel(rig); };
            stopped = co_await on_worker(host.workers, watch_cpus);
            if (stopped) {
                attendance->moves();
                guest.was_paused();
                session.announce("A CPU has just entered the kernel: the guest is paused.");
            }
        } else {
            const microseconds next = attendance->since_power_on() + one_watch;
            co_await attendance->wait_until(next);
        }
    }
}

}  // namespace

asio::awaitable<void> debug(Host& host, BootCell cell, const Scenario& general,
                            std::filesystem::path artefacts, StopPoint stop,
                            std::shared_ptr<asio::local::stream_protocol::socket> terminal) {
    Scenario own = scenario_for(general, cell);
    own.machine.firmware_log = true;
    const auto scenario = std::make_shared<const Scenario>(std::move(own));
    const auto course = std::make_shared<Course>();
    EventSink sink = [course](const Event& event) {
        if (event.kind == Event::Kind::milestone)
            course->milestones.insert(event.name);
    };
    const auto attendance =
        std::make_shared<Attendance>(host.io, cell, *scenario, host.failures, artefacts, std::move(sink));
    const std::shared_ptr<Rig> rig = co_await start_machine(host, cell, *scenario, artefacts, attendance);
    const auto guest = std::make_shared<LiveGuest>(host, cell, scenario, artefacts, attendance, rig);
    const LiveGuests::Entry entry(host.guests, guest);
    keep_lines_open(*rig);
    rig->following = follow(host, attendance, *rig);
    const auto session = std::make_shared<TerminalSession>(terminal, guest, true);
    const auto person = [session, course, attendance]() -> asio::awaitable<void> {
        co_await session->attend();
        course->over = true;
        attendance->cancel();  // which wakes its waiters
    };
    asio::co_spawn(host.io, person, [course](std::exception_ptr) { course->over = true; });
    co_await go(host, attendance, *rig, *guest, stop, *session, *course);
    const auto end = [&rig] {
        const std::lock_guard alone(rig->looking);
        rig->guest->destroy();
    };
    co_await on_worker(host.workers, end);
}

}  // namespace lktest
