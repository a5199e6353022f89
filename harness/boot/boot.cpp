// SPDX-License-Identifier: MIT
#include "harness/boot/boot.hpp"

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>

#include "builder/base/file.hpp"
#include "builder/inspect/finding.hpp"
#include "harness/boot/act.hpp"
#include "harness/boot/attendance.hpp"
#include "harness/boot/disks.hpp"
#include "harness/boot/machine_spec.hpp"
#include "harness/boot/onlooker.hpp"
#include "harness/console/loader_driver.hpp"
#include "harness/diagnose/dmesg.hpp"
#include "harness/machine/domain.hpp"
#include "harness/machine/domain_xml.hpp"
#include "harness/machine/serial_line.hpp"
#include "harness/machine/worker.hpp"
#include "harness/net/cell_network.hpp"
#include "harness/scenario/parse.hpp"

namespace lktest {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using std::chrono::microseconds;

constexpr std::size_t all_lines = 1000;  ///< more than a watch remembers

/// Everything of one cell that must not outlive it. Order of declaration is order of
/// release, backwards: the guest goes first, its directory last.
struct Rig {
    TempDir directory;
    std::unique_ptr<CellNetwork> network;
    std::optional<Disks> disks;
    std::optional<LoaderDriver> loader;
    std::optional<Onlooker> onlooker;
    std::optional<Domain> guest;
    std::optional<SerialLine> serial, port;
};

asio::awaitable<std::unique_ptr<CellNetwork>> make_network(Host& host, const BootCell& cell,
                                                           Attendance& attendance, const fs::path& log,
                                                           const fs::path& served) {
    make_directories(served);
    CellNetworkOptions options;
    options.served = served;
    if (from_network(cell.medium))
        options.boot = NetBoot{cell.image.path, cell.medium == Medium::http};
    options.log_file = log;
    options.sink = [&attendance](const Event& event) { attendance.tell(event); };
    options.since_power_on = [&attendance] { return attendance.since_power_on(); };
    auto network = std::make_unique<CellNetwork>(host.io, std::move(options));
    const Deadline deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    co_await network->ready(deadline);
    co_return network;
}

/// The host's side of the network milestone. Shares what it touches: it may wake once more
/// after the cell is over.
asio::awaitable<void> check_network(std::shared_ptr<Attendance> attendance, std::shared_ptr<bool> over,
                                    CellNetwork& network, NetworkCheck check, Deadline deadline) {
    const NetworkFacts facts = co_await network.check(std::move(check), deadline);
    if (*over)
        co_return;
    if (facts.problem.empty())
        attendance->network_checked(facts.lease_ip.value_or(""));
    else if (facts.host_fault)
        attendance->host_failed(facts.problem);
    else
        attendance->network_failed(facts.problem);
}

/// Lets the loader's driver type. What it cannot do ends the cell.
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

/// From power-on or reset to the last milestone.
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
            const auto left = std::chrono::duration_cast<microseconds>(waiting->within * limits.scale);
            const Deadline deadline = std::chrono::steady_clock::now() + left;
            asio::co_spawn(host.io,
                           check_network(attendance, over, *rig.network, *waiting->network, deadline),
                           asio::detached);
        }
        if (std::holds_alternative<Poke>(decision)) {
            rig.serial->send("\r");
            attendance->poked();
        } else {
            microseconds next = std::get<Wait>(decision).until;
            if (rig.loader)
                next = std::min(next, rig.loader->types_at(attendance->since_power_on()).value_or(next));
            co_await attendance->wait_until(next);
        }
    }
}

/// Looks for what the serial console does not show: the kernel's log while it shows nothing of a kernel, and
/// when it is silent the displays. Holds what it touches: it may wake once more after the cell is over, which
/// is when `cell` expires. After a reset the memory still holds the log and the terminal of the boot before.
asio::awaitable<void> follow(Host& host, std::shared_ptr<Attendance> attendance,
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
        const bool memory = resets == 0, log = memory && !attendance->watch().kernel_spoke();
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
            if (!late && !seen.log.empty() && !attendance->watch().kernel_spoke())
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

/// What is wrong with the medium; nothing when that is not to be had: a directory of a boot server.
std::vector<MediumFinding> inspect_medium(const fs::path& image) {
    std::vector<MediumFinding> found;
    try {
        if (fs::is_regular_file(image))
            for (const IsoFinding& finding : find_faults(read_medium_facts(image)))
                found.push_back({finding.id, finding.text});
    } catch (const Error&) {
        found.clear();  // it is no ISO, and the boot has failed of something else
    }
    return found;
}

/// Why the boot failed, by what was said and, where that can tell more, by what is on the medium.
std::vector<RankedCause> causes_of(const Diagnosis& diagnosis, std::vector<std::string> console,
                                   const Examination& seen, const BootCell& cell, const Host& host) {
    CauseEvidence evidence{.arch = cell.arch, .lines = std::move(console), .silence = {}, .medium = {}};
    if (diagnosis.silence)
        evidence.silence = diagnosis.silence->name;
    evidence.stage = name(diagnosis.stage);
    evidence.signs = diagnosis.signs;
    if (seen.resets == 0 || seen.reset_loop)  // else it may be the log of an earlier boot
        for (const LogRecord& record : seen.log)
            for (std::string& line : dmesg_lines(record))
                evidence.lines.push_back(std::move(line));
    std::vector<RankedCause> causes = rank_causes(evidence, host.causes, host.failures);
    if (!medium_can_tell(causes, host.causes))
        return causes;
    evidence.medium = inspect_medium(cell.image.path);
    return rank_causes(evidence, host.causes, host.failures);
}

/// Looks at a guest that failed from outside, and adds to the verdict what that tells.
/// @param console  what it said since its last reset
void look_into(Onlooker& onlooker, Domain& guest, Examination seen, std::vector<std::string> console,
               const BootCell& cell, const Scenario& scenario, const Host& host, Verdict& verdict,
               const fs::path& artefacts) {
    const auto begin = std::chrono::steady_clock::now();
    onlooker.examine(guest, seen);
    Diagnosis diagnosis = diagnose(seen, cell, scenario, host.failures);
    extend(verdict, diagnosis);
    if (verdict.outcome != Outcome::step_failed)  // it booted
        explain(verdict, diagnosis, causes_of(diagnosis, std::move(console), seen, cell, host));
    diagnosis.took = std::chrono::duration_cast<microseconds>(std::chrono::steady_clock::now() - begin);
    write_file(artefacts / "diagnosis.json", json_diagnosis(diagnosis));
    write_file(artefacts / "cpus.txt", text_of_cpus(diagnosis));
    if (seen.log_found)
        write_file(artefacts / "kernel.log", dmesg(seen.log));
}

/// What a failed cell leaves besides its console: the screen, and QEMU's own log.
void collect(const Connection& libvirt, const Domain& guest, bool failed, const fs::path& artefacts) {
    if (failed) {
        try {
            const Domain::Screenshot shot = guest.screenshot();
            write_file(artefacts / (shot.type == "image/png" ? "screen.png" : "screen.ppm"), shot.image);
        } catch (const Error&) {
            // A guest that is gone has no screen, and that is no second fault.
        }
    }
    const fs::path log = libvirt.root() / "log/qemu" / (guest.name() + ".log");
    std::error_code none;
    if (fs::exists(log, none))
        write_file(artefacts / "qemu.log", without_environment(read_file(log)));
}

/// Disks that a step will compare, and no step seals before, are compared with how they are at power-on.
void seal_disks(const Scenario& scenario, Disks& disks) {
    for (const Step& step : scenario.steps)
        if (const auto* check = std::get_if<CheckUnchanged>(&step.action))
            for (const std::string& disk : check->disks)
                disks.seal(disk);
}

asio::awaitable<Verdict> boot_machine(Host& host, const BootCell& cell, const Scenario& scenario,
                                      const fs::path& artefacts, std::shared_ptr<Attendance> attendance) {
    Rig rig{TempDir(host.private_directory), nullptr, {}, {}, {}, {}, {}, {}};
    fs::permissions(rig.directory.path(), fs::perms(0711));  // a daemon's QEMU has a user of its own
    if (host.network == Network::tap)
        rig.network = co_await make_network(host, cell, *attendance, artefacts / "network.log",
                                            rig.directory.path() / "served");

    MachineSpec spec = machine_spec(host, cell, scenario, rig.directory.path());
    const auto make_disks = [&] {
        prepare_medium(spec, host, scenario, rig.directory.path());
        rig.disks.emplace(scenario.disks, rig.directory.path(), fs::absolute(cell.image.path));
        for (const Step& step : scenario.steps)
            if (const std::string disk = booted_disk(step); !disk.empty())
                rig.disks->make_bootable(disk);
        seal_disks(scenario, *rig.disks);
    };
    co_await on_worker(host.workers, make_disks);
    spec.disks = rig.disks->specs();
    const std::string xml = domain_xml(spec);
    write_file(artefacts / "domain.xml", xml);

    RunIn run_in;
    if (rig.network)
        run_in = [&network = *rig.network](const std::function<void()>& work) { network.netns().run(work); };
    const DomainEventSink on_event = [attendance](const DomainEvent& event) { attendance->happened(event); };
    const auto create = [&] { return Domain::create(host.libvirt, spec.domain_name, xml, on_event, run_in); };
    rig.guest.emplace(co_await on_worker(host.workers, create));

    const auto ask = [&] {
        rig.onlooker.emplace(*rig.guest, cell.arch);
        return rig.guest->kvm_in_use();
    };
    const bool kvm = co_await on_worker(host.workers, ask);
    const Limits limits = limits_for(!kvm, host.cell_timeout);
    if (scenario.boot.asked() && cell.medium != Medium::direct) {
        rig.loader.emplace(scenario.boot, limits.scale);
        attendance->on_serial(
            [&loader = *rig.loader](std::string_view bytes, microseconds at) { loader.said(bytes, at); });
        attendance->on_line([&loader = *rig.loader](const ConsoleLine& said) { loader.said(said); });
    }
    attendance->on_reset([&rig] {
        if (rig.network)
            rig.network->forget();
        if (rig.loader)
            rig.loader->restart();
    });
    rig.serial.emplace(host.io, spec.serial_socket,
                       [attendance](std::string_view bytes) { attendance->serial_said(bytes); });
    rig.port.emplace(host.io, spec.port_socket,
                     [attendance](std::string_view bytes) { attendance->port_said(bytes); });

    attendance->power_on();
    attendance->tell({.kind = Event::Kind::started,
                      .name = kvm ? "kvm" : "tcg",
                      .text = spec.uefi ? spec.uefi->code.string() : "SeaBIOS"});
    const auto resume = [&] { rig.guest->resume(); };
    co_await on_worker(host.workers, resume);

    auto following = std::make_shared<int>();
    const std::weak_ptr<void> cell_is_on = following;
    auto follower = rig.onlooker->follow(*rig.guest, cell.firmware == Firmware::bios);
    asio::co_spawn(host.io, follow(host, attendance, std::move(follower), cell_is_on), asio::detached);
    const std::function<asio::awaitable<Verdict>()> reach_milestones = [&] {
        return attend(host, attendance, rig, limits, scenario.boot);
    };
    Verdict verdict = co_await reach_milestones();
    if (verdict.outcome == Outcome::passed && !scenario.steps.empty()) {
        Stage stage{.host = host,
                    .cell = spec.cell,
                    .scenario = scenario,
                    .attendance = attendance,
                    .guest = *rig.guest,
                    .serial = *rig.serial,
                    .network = rig.network.get(),
                    .loader = rig.loader ? &*rig.loader : nullptr,
                    .disks = *rig.disks,
                    .limits = limits,
                    .artefacts = artefacts,
                    .variables = {{"artefacts", fs::absolute(artefacts).string()},
                                  {"host", host_address},
                                  {"served", (rig.directory.path() / "served").string()}},
                    .reach_milestones = reach_milestones};
        verdict = co_await act(stage);
    }
    following.reset();
    if (verdict.outcome == Outcome::qemu_died)
        verdict.evidence = {host.libvirt.last_words(spec.domain_name)};
    Examination seen;
    seen.kernel_on_console = attendance->watch().kernel_spoke();
    seen.reached = verdict.reached;
    seen.resets = attendance->watch().resets();
    seen.reset_loop = verdict.outcome == Outcome::reboot_loop;
    std::vector<std::string> console = attendance->watch().last_lines(all_lines);
    seen.loader = loader_in(console);
    const auto end = [&] {
        const bool failed = class_of(verdict.outcome) == OutcomeClass::product_failure;
        if (failed)
            look_into(*rig.onlooker, *rig.guest, seen, std::move(console), cell, scenario, host, verdict,
                      artefacts);
        collect(host.libvirt, *rig.guest, failed && rig.onlooker->answered(), artefacts);
        rig.guest->destroy();
        rig.disks->keep(artefacts);
    };
    co_await on_worker(host.workers, end);
    co_return verdict;
}

}  // namespace

asio::awaitable<Verdict> boot(Host& host, BootCell cell, const Scenario& general, fs::path artefacts,
                              EventSink sink) {
    const Scenario scenario = scenario_for(general, cell);
    Patience patience;
    patience.tentative = limits_for(host.accel.at(cell.arch) == Accel::tcg, {}).tentative;
    const auto attendance = std::make_shared<Attendance>(host.io, cell, scenario, host.failures, patience,
                                                         artefacts, std::move(sink));
    const Stop::Listener stopping(host.stop, [attendance] { attendance->cancel(); });
    Verdict verdict;
    try {
        verdict = co_await boot_machine(host, cell, scenario, artefacts, attendance);
    } catch (const Error& fault) {
        verdict.outcome = Outcome::host_setup;
        verdict.reason = fault.what();
        verdict.hint = fault.hint();
        verdict.took = attendance->since_power_on();
    }
    verdict = as_expected(std::move(verdict), scenario);
    attendance->tell({.at = verdict.took,
                      .kind = Event::Kind::finished,
                      .name = std::string(name(verdict.outcome)),
                      .text = verdict.reason});
    co_return verdict;
}

}  // namespace lktest
