// SPDX-License-Identifier: MIT
#include "harness/boot/boot.hpp"

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>

#include "builder/base/beneath.hpp"
#include "builder/base/file.hpp"
#include "builder/base/host_limits.hpp"
#include "harness/boot/act.hpp"
#include "harness/boot/attendance.hpp"
#include "harness/boot/film.hpp"
#include "harness/boot/follow.hpp"
#include "harness/boot/live_guest.hpp"
#include "harness/boot/look_into.hpp"
#include "harness/boot/machine_keys.hpp"
#include "harness/boot/measure_host.hpp"
#include "harness/boot/prove_kernel.hpp"
#include "harness/boot/rig.hpp"
#include "harness/boot/variable_report.hpp"
#include "harness/boot/watch_for_standstill.hpp"
#include "harness/console/frames.hpp"
#include "harness/console/last_boot.hpp"
#include "harness/diagnose/busy_tasks.hpp"
#include "harness/machine/worker.hpp"
#include "harness/scenario/parse.hpp"

namespace lktest {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using std::chrono::microseconds;

/// Checks the network from the host until the guest's time for it is over. It shares ownership of what it
/// touches, because it may wake once more after the cell has ended.
asio::awaitable<void> check_network(std::shared_ptr<Attendance> attendance, std::shared_ptr<bool> over,
                                    CellNetwork& network, NetworkCheck check, microseconds allowed) {
    constexpr microseconds least = std::chrono::milliseconds(200);
    const microseconds began = attendance->since_power_on();
    NetworkFacts facts;
    for (microseconds left = allowed;; left = allowed - attendance->lasted_since(began)) {
        facts = co_await network.check(check, std::chrono::steady_clock::now() + std::max(left, least));
        if (*over)
            co_return;
        if (facts.problem.empty() || facts.host_fault || attendance->lasted_since(began) >= allowed)
            break;
    }
    if (facts.problem.empty())
        attendance->network_checked(facts.lease_ip.value_or(""));
    else if (facts.host_fault)
        attendance->host_failed(facts.problem);
    else
        attendance->network_failed(facts.problem);
}

/// Lets the loader's driver type. If it cannot, the cell ends.
std::optional<Verdict> drive_loader(Attendance& attendance, Rig& rig, const BootLine& line) {
    const microseconds now = attendance.since_power_on();
    if (std::string keys = rig.loader->type(attendance.screen_rows(), now); !keys.empty())
        rig.serial->send(std::move(keys));
    if (rig.loader->problem().empty())
        return std::nullopt;
    Acting acting;
    acting.what = fmt::format("{}:{}:{}: [boot]", line.place.file, line.place.line, line.place.column);
    return attendance.step_failed(acting, rig.loader->problem());
}

/// Presses Enter on the serial console and on the keyboard, because the loader's menu may be on either.
asio::awaitable<void> press_enter(Host& host, Rig& rig) {
    rig.serial->send("\r");
    const auto press = [&rig] { rig.guest->press_keys({"ret"}); };
    co_await on_worker(host.workers, press);
}

/// Waits from power-on or reset to the last milestone.
asio::awaitable<Verdict> attend(Host& host, std::shared_ptr<Attendance> attendance, Rig& rig, Limits limits,
                                const BootLine& line) {
    const auto over = std::make_shared<bool>(false);
    unsigned checked_boot = 0;  // the boot, counted from 1, whose network is being checked
    for (;;) {
        std::optional<Verdict> undone;
        if (rig.loader)
            undone = drive_loader(*attendance, rig, line);
        const Decision decision = undone ? Decision(*undone) : attendance->judge_now(limits);
        if (const auto* verdict = std::get_if<Verdict>(&decision)) {
            *over = true;
            co_return *verdict;
        }
        const Watch& watch = attendance->watch();
        const Milestone* waiting = watch.waiting_for();
        if (rig.network && waiting && waiting->network && checked_boot != watch.resets() + 1) {
            checked_boot = watch.resets() + 1;
            const auto allowed = std::chrono::duration_cast<microseconds>(waiting->within * limits.scale);
            asio::co_spawn(host.io, check_network(attendance, over, *rig.network, *waiting->network, allowed),
                           asio::detached);
        }
        if (std::holds_alternative<Poke>(decision)) {
            rig.serial->send("\r");
            attendance->poked();
        } else if (std::holds_alternative<Enter>(decision)) {
            attendance->entered();
            co_await press_enter(host, rig);
        } else {
            microseconds next = std::get<Wait>(decision).until;
            if (rig.loader)
                next = std::min(next, rig.loader->types_at(attendance->since_power_on()).value_or(next));
            co_await attendance->wait_until(next);
        }
    }
}

/// Renders what the serial terminal showed as pictures.
void keep_screens(const fs::path& artefacts) {
    constexpr std::size_t most = 8;
    std::error_code none;
    if (!fs::exists(artefacts / "console.raw", none))
        return;
    const std::vector<Picture> frames = terminal_frames(read_file(artefacts / "console.raw"), most);
    if (!frames.empty())
        write_file(artefacts / "screens.json", json_frames(frames));
}

/// Collects a cell's screens and QEMU's log.
void collect(const Connection& libvirt, const Domain& guest, bool failed, const fs::path& artefacts) {
    if (failed)
        write_screen(guest, artefacts);
    keep_screens(artefacts);
    const fs::path log = libvirt.root() / "log/qemu" / (guest.name() + ".log");
    std::error_code none;
    if (fs::exists(log, none))
        write_file(artefacts / "qemu.log", without_environment(read_file(log)));
}

/// Writes variables.json, and tells what will matter to the next medium on such a machine.
void report_changes(const Rig& rig, const std::string& after, const fs::path& artefacts,
                    Attendance& attendance) {
    if (after.empty() || rig.variables_before.empty())
        return;
    const VariableReport report = report_variables(rig.variables_before, after);
    for (const std::string& note : report.notes)
        attendance.tell({.at = attendance.since_power_on(),
                         .kind = Event::Kind::note,
                         .name = "variables",
                         .text = note});
    try {
        write_file(artefacts / "variables.json", report.json);
    } catch (const Error& fault) {  // such as a full disk: the verdict remains valid
        attendance.tell({.at = attendance.since_power_on(),
                         .kind = Event::Kind::warning,
                         .name = "artefacts",
                         .text = fault.what()});
    }
}

/// @param directory  the cell's directory, as the user knows it
/// @param held       the same directory, held open so that it cannot be replaced
asio::awaitable<Verdict> boot_machine(Host& host, const BootCell& cell,
                                      std::shared_ptr<const Scenario> scenario, const fs::path& directory,
                                      std::shared_ptr<const HeldDirectory> held,
                                      std::shared_ptr<Attendance> attendance) {
    attendance->ask_for_kernel();
    const fs::path artefacts = held->path();
    const std::shared_ptr<Rig> made = co_await start_machine(host, cell, *scenario, artefacts, attendance);
    made->artefacts = held;
    Rig& rig = *made;
    if (row_of(cell.firmware).secure_boot)
        attendance->tell({.at = attendance->since_power_on(),
                          .kind = Event::Kind::note,
                          .name = "trust",
                          .text = trust_sentence(machine_keys(rig.variables_before))});
    const auto live = std::make_shared<LiveGuest>(host, cell, scenario, directory, attendance, made);
    const LiveGuests::Entry entry(host.guests, live);

    rig.following = follow(host, attendance, rig);
    auto filming = film(host, attendance, rig, artefacts);
    auto measuring = measure_host(host, attendance, rig);
    auto proving = prove_kernel(host, attendance, made);
    auto waiting = watch_for_standstill(host, attendance, made);
    const std::function<asio::awaitable<Verdict>()> reach_milestones = [&] {
        return attend(host, attendance, rig, rig.limits, scenario->boot);
    };
    Verdict verdict = co_await reach_milestones();
    if (verdict.outcome == Outcome::passed && !scenario->steps.empty()) {
        StepContext context{.host = host,
                            .cell = rig.spec.cell,
                            .scenario = *scenario,
                            .attendance = attendance,
                            .guest = *rig.guest,
                            .serial = *rig.serial,
                            .network = rig.network.get(),
                            .loader = rig.loader ? &*rig.loader : nullptr,
                            .disks = *rig.disks,
                            .drive = *rig.drive,
                            .limits = rig.limits,
                            .artefacts = artefacts,
                            .variables = {{"artefacts", fs::absolute(directory).string()},
                                          {"host", host_address},
                                          {"served", (rig.directory.path() / "served").string()}},
                            .reach_milestones = reach_milestones};
        verdict = co_await act(context);
    }
    rig.following.reset();
    filming.reset();
    waiting.reset();
    measuring.reset();
    proving.reset();
    if (verdict.outcome == Outcome::qemu_died) {
        verdict.evidence = {rig.seat.connection().last_words(rig.spec.domain_name)};
        const auto ask = [&] {
            return host.deaths && rig.qemu ? host.deaths->signal_of(*rig.qemu) : std::nullopt;
        };
        if (const std::optional<int> signal = co_await on_worker(host.workers, ask)) {
            verdict.reason = "QEMU " + killed_by(*signal, rig.oom);
            verdict.hint = hint_for_killed(*signal, rig.oom);
        }
    }
    const std::string variables = read_variable_store(rig.spec.variables);
    BootCell booted_last = cell;
    const auto inserted = rig.drive->inserted();
    if (inserted)
        booted_last.image.path = *inserted;
    const Knowledge knowledge{booted_last, *scenario, host.failures, host.causes,
                              row_of(cell.firmware).secure_boot ? machine_keys(variables) : MachineKeys{}};
    Examination known = live->known();
    known.reset_loop = verdict.outcome == Outcome::reboot_loop;
    std::vector<std::string> console = inserted ? lines_of_last_boot(live->console()) : live->console();
    const bool failed = class_of(verdict.outcome) == OutcomeClass::product_failure;
    const bool kept = class_of(as_expected(verdict, *scenario).outcome) == OutcomeClass::product_failure &&
                      host.guests.may_keep(rig.spec.settings.memory);
    std::string not_collected;
    const auto end = [&] {
        const std::lock_guard alone(rig.looking);
        std::optional<Findings> found;
        if (failed) {
            const bool booted = verdict.outcome == Outcome::step_failed;
            found = look_into(*rig.onlooker, *rig.guest, std::move(known), console, knowledge, booted);
            extend(verdict, found->diagnosis);
            add_lines_before(verdict, console);
            explain(verdict, found->diagnosis, found->diagnosis.causes);
            strip_frames(verdict.evidence);
            verdict.console = end_of_console(console);
            if (verdict.outcome == Outcome::silent && found->seen.tasks)
                if (const std::string words = busy_in_words(*found->seen.tasks); !words.empty())
                    verdict.reason += "; " + words;
        }
        try {
            if (found)
                write_findings(*found, artefacts);
            collect(rig.seat.connection(), *rig.guest, failed && rig.onlooker->answered(), artefacts);
        } catch (const Error& fault) {  // such as a full disk: the verdict remains valid
            not_collected = fault.what();
        }
        if (found)
            live->remember(std::move(found->seen.samples));
        if (kept)
            return;
        rig.guest->destroy();
        rig.disks->keep(artefacts);
    };
    co_await on_worker(host.workers, end);
    report_changes(rig, variables, artefacts, *attendance);
    if (!not_collected.empty())
        attendance->tell({.at = attendance->since_power_on(),
                          .kind = Event::Kind::warning,
                          .name = "artefacts",
                          .text = not_collected});
    if (kept) {
        live->keep(made);
        host.guests.add_kept(live);
    }
    co_return verdict;
}

}  // namespace

Verdict host_fault(const std::exception& fault) {
    if (const auto* error = dynamic_cast<const Error*>(&fault))
        return {.outcome = Outcome::host_setup,
                .reason = error->what(),
                .hint = hint_for_message(error->what(), error->hint())};
    if (dynamic_cast<const std::bad_alloc*>(&fault))
        return {.outcome = Outcome::host_setup, .reason = "lktest ran out of memory", .hint = "lower --jobs"};
    return {.outcome = Outcome::host_setup, .reason = fault.what(), .hint = hint_for_message(fault.what())};
}

asio::awaitable<Verdict> boot(Host& host, BootCell cell, const Scenario& general, fs::path directory,
                              EventSink sink) {
    const auto artefacts = std::make_shared<const HeldDirectory>(directory);
    const auto scenario = std::make_shared<const Scenario>(scenario_for(general, cell));
    const auto attendance = std::make_shared<Attendance>(host.io, cell, *scenario, host.failures,
                                                         artefacts->path(), std::move(sink));
    const Stop::Listener stopping(host.stop, [attendance] { attendance->cancel(); });
    Verdict verdict;
    try {
        verdict = co_await boot_machine(host, cell, scenario, directory, artefacts, attendance);
    } catch (const std::exception& fault) {
        // Whoever stops the run often signals all of its processes, including libvirt's and QEMU's.
        if (host.stop.requested()) {
            verdict.outcome = Outcome::cancelled;
            verdict.reason = "the run was stopped";
        } else {
            verdict = host_fault(fault);
            verdict.reason = artefacts->with_name(std::move(verdict.reason));
        }
        verdict.took = attendance->since_power_on();
    }
    verdict = as_expected(std::move(verdict), *scenario);
    attendance->tell({.at = verdict.took,
                      .kind = Event::Kind::finished,
                      .name = std::string(name(verdict.outcome)),
                      .text = verdict.reason});
    attendance->forget_sink();
    co_return verdict;
}

}  // namespace lktest
