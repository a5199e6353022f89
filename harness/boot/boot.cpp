// SPDX-License-Identifier: MIT
#include "harness/boot/boot.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "builder/base/file.hpp"
#include "firmware/variables.hpp"
#include "harness/boot/attendance.hpp"
#include "harness/machine/domain.hpp"
#include "harness/machine/domain_xml.hpp"
#include "harness/machine/serial_line.hpp"
#include "harness/machine/worker.hpp"
#include "harness/net/cell_network.hpp"

namespace lktest {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using std::chrono::microseconds;

/// Everything of one cell that must not outlive it. Order of declaration is order of
/// release, backwards: the guest goes first, its directory last.
struct Rig {
    TempDir directory;
    std::unique_ptr<CellNetwork> network;
    std::optional<Domain> guest;
    std::optional<SerialLine> serial, port;
};

MachineSpec machine_spec(const Host& host, const BootCell& cell, const Scenario& scenario,
                         const fs::path& directory) {
    MachineSpec spec{.cell = cell,
                     .domain_name = fmt::format("lktest-{}-{}", ::getpid(), name(cell)),
                     .settings = scenario.machine,
                     .accel = host.accel.at(cell.arch),
                     .uefi = {},
                     .variables = directory / "variables.fd",
                     .serial_socket = directory / "serial",
                     .port_socket = directory / "port",
                     .network = NoNetwork{}};
    spec.cell.image.path = fs::absolute(cell.image.path);
    if (cell.firmware == Firmware::uefi) {
        const auto found = choose_firmware(host.firmware, {.arch = cell.arch, .firmware = cell.firmware});
        if (const auto* missing = std::get_if<MissingFirmware>(&found))
            throw missing_firmware_error(*missing);
        spec.uefi = std::get<FirmwareImages>(found);
        make_variable_store(cell.arch, *spec.uefi, spec.variables);
    }
    if (host.network == Network::tap)
        spec.network = TapNetwork{tap_name, guest_mac};
    else if (host.network == Network::user)
        spec.network = UserNetwork{guest_mac};
    return spec;
}

asio::awaitable<std::unique_ptr<CellNetwork>> make_network(Host& host, Attendance& attendance,
                                                           const fs::path& log) {
    CellNetworkOptions options;
    options.log_file = log;
    options.sink = [&attendance](const Event& event) { attendance.tell(event); };
    options.since_power_on = [&attendance] { return attendance.since_power_on(); };
    auto network = std::make_unique<CellNetwork>(host.io, std::move(options));
    const Deadline deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    co_await network->ready(deadline);
    attendance.on_reset([&network = *network] { network.forget(); });
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
        attendance->network_checked(fmt::format("lease {}", facts.lease_ip.value_or("none")));
    else if (facts.host_fault)
        attendance->host_failed(facts.problem);
    else
        attendance->network_failed(facts.problem);
}

/// From resume to verdict.
asio::awaitable<Verdict> attend(Host& host, std::shared_ptr<Attendance> attendance, Rig& rig, Limits limits) {
    const auto over = std::make_shared<bool>(false);
    unsigned checked_boot = 0;  // the boot, counted from 1, whose network is being checked
    for (;;) {
        const Decision decision = attendance->judge_now(limits);
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
            co_await attendance->wait_until(std::get<Wait>(decision).until);
        }
    }
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
    std::error_code none;
    fs::copy_file(libvirt.root() / "log/qemu" / (guest.name() + ".log"), artefacts / "qemu.log",
                  fs::copy_options::overwrite_existing, none);
}

asio::awaitable<Verdict> boot_machine(Host& host, const BootCell& cell, const Scenario& scenario,
                                      const fs::path& artefacts, std::shared_ptr<Attendance> attendance) {
    Rig rig{TempDir(host.private_directory), nullptr, {}, {}, {}};
    if (host.network == Network::tap)
        rig.network = co_await make_network(host, *attendance, artefacts / "network.log");

    const MachineSpec spec = machine_spec(host, cell, scenario, rig.directory.path());
    const std::string xml = domain_xml(spec);
    write_file(artefacts / "domain.xml", xml);

    RunIn run_in;
    if (rig.network)
        run_in = [&network = *rig.network](const std::function<void()>& work) { network.netns().run(work); };
    const DomainEventSink on_event = [attendance](const DomainEvent& event) { attendance->happened(event); };
    const auto create = [&] { return Domain::create(host.libvirt, spec.domain_name, xml, on_event, run_in); };
    rig.guest.emplace(co_await on_worker(host.workers, create));

    const auto ask = [&] { return rig.guest->kvm_in_use(); };
    const bool kvm = co_await on_worker(host.workers, ask);
    const Limits limits = limits_for(!kvm, host.cell_timeout);
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

    Verdict verdict = co_await attend(host, attendance, rig, limits);
    if (verdict.outcome == Outcome::qemu_died)
        verdict.evidence = {host.libvirt.last_words(spec.domain_name)};
    const auto end = [&] {
        collect(host.libvirt, *rig.guest, class_of(verdict.outcome) == OutcomeClass::product_failure,
                artefacts);
        rig.guest->destroy();
    };
    co_await on_worker(host.workers, end);
    co_return verdict;
}

}  // namespace

asio::awaitable<Verdict> boot(Host& host, BootCell cell, const Scenario& scenario, fs::path artefacts,
                              EventSink sink) {
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
    attendance->tell({.at = verdict.took,
                      .kind = Event::Kind::finished,
                      .name = std::string(name(verdict.outcome)),
                      .text = verdict.reason});
    co_return verdict;
}

}  // namespace lktest
