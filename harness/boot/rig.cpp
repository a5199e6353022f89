// SPDX-License-Identifier: MIT
#include "harness/boot/rig.hpp"

#include "harness/boot/bounded_file.hpp"
#include "harness/boot/machine_keys.hpp"
#include "harness/boot/machine_spec.hpp"
#include "harness/boot/placed_files.hpp"
#include "harness/boot/variable_report.hpp"
#include "harness/machine/worker.hpp"

namespace lktest {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using std::chrono::microseconds;

asio::awaitable<std::unique_ptr<CellNetwork>> make_network(Host& host, const BootCell& cell,
                                                           Attendance& attendance, const fs::path& log,
                                                           const fs::path& served) {
    make_directories(served);
    CellNetworkOptions options;
    options.served = served;
    if (from_network(cell.medium))
        options.boot = NetBoot{cell.image.path, row_of(cell.medium).http};
    options.log_file = log;
    options.sink = [&attendance](const Event& event) { attendance.tell(event); };
    options.since_power_on = [&attendance] { return attendance.since_power_on(); };
    options.on_fault = [&attendance](const std::string& problem) { attendance.host_failed(problem); };
    auto network = std::make_unique<CellNetwork>(host.io, std::move(options));
    const Deadline deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    co_await network->ready(deadline);
    co_return network;
}

/// Serves the files before the guest runs, because it may need them to start.
void serve(const FileList& files, const fs::path& medium, const fs::path& directory) {
    const TempDir scratch(directory.parent_path());
    copy_files(place_files(files, "[served]", medium, scratch.path()), directory);
}

/// Records the content at power-on of disks that a step compares without an earlier step that seals them.
void seal_disks(const Scenario& scenario, Disks& disks) {
    for (const Step& step : scenario.steps)
        if (const auto* check = std::get_if<CheckUnchanged>(&step.action))
            for (const std::string& disk : check->disks)
                disks.seal(disk);
}

/// Connects the consoles. Libvirt relays those of guests on another machine.
asio::awaitable<void> connect_lines(Host& host, Rig& rig, std::shared_ptr<Attendance> attendance,
                                    const fs::path& artefacts) {
    const SerialLine::OnBytes heard = [attendance](std::string_view bytes) {
        attendance->serial_said(bytes);
    };
    const SerialLine::OnBytes told = [attendance](std::string_view bytes) { attendance->port_said(bytes); };
    if (!rig.serial_pipe) {
        const auto open_console = [&] { return rig.guest->console(); };
        Domain::Stream console = co_await on_worker(host.workers, open_console);
        rig.serial.emplace(std::move(console), heard);
        const auto open_port = [&] { return rig.guest->channel(virtio_port_name); };
        Domain::Stream port = co_await on_worker(host.workers, open_port);
        rig.port.emplace(std::move(port), told);
    } else {
        rig.serial.emplace(host.io, *std::exchange(rig.serial_pipe, {}), heard);
        rig.port.emplace(host.io, *std::exchange(rig.port_pipe, {}), told);
        if (rig.firmware_pipe) {
            const auto log = std::make_shared<BoundedFile>(artefacts / "firmware.log");
            const SerialLine::OnBytes record = [log](std::string_view bytes) { log->write(bytes); };
            rig.firmware.emplace(host.io, *std::exchange(rig.firmware_pipe, {}), record);
        }
    }
}

/// Lists what QEMU may see of the host: its guest's directory, the images for its drive, and the firmware.
void put_in_box(QemuBoxes& boxes, const Host& host, const Scenario& scenario, const fs::path& image,
                Rig& rig) {
    MachineSpec& spec = rig.spec;
    BoxContents contents{
        .name = spec.domain_name, .read = {}, .directory = rig.directory.path(), .user = rig.user};
    if (!from_network(spec.cell.medium))
        contents.read.push_back(image);
    for (const std::string& inserted : inserted_images(scenario.steps))
        contents.read.push_back(path_for_qemu(host, inserted));
    if (spec.firmware)
        contents.read.push_back(spec.firmware->code);
    spec.emulator = boxes.emulator(spec.cell.arch);
    spec.box = boxes.write(spec.cell.arch, contents);
}

}  // namespace

asio::awaitable<std::shared_ptr<Rig>> start_machine(Host& host, const BootCell& cell,
                                                    const Scenario& scenario, const fs::path& artefacts,
                                                    std::shared_ptr<Attendance> attendance) {
    const auto made = std::make_shared<Rig>(TempDir(host.private_directory), host.libvirt.take());
    Rig& rig = *made;
    fs::permissions(rig.directory.path(), fs::perms(0711));  // a daemon's QEMU runs as a different user
    if (host.network == Network::tap)
        rig.network = co_await make_network(host, cell, *attendance, artefacts / "network.log",
                                            rig.directory.path() / "served");

    MachineSpec& spec = rig.spec;
    Connection& libvirt = rig.seat.connection();
    SecureLists keys;
    const auto read_keys = [&] {
        if (!row_of(cell.firmware).secure_boot)
            return;
        const auto found = choose_firmware(host.firmware, firmware_wish(cell));
        const auto* firmware = std::get_if<FirmwareImages>(&found);
        keys = host.shims.lists(keys_for(scenario.keys, cell.hardware), cell.image.path,
                                firmware ? firmware->variables : fs::path());
    };
    co_await on_worker(host.workers, read_keys);
    spec = machine_spec(host, libvirt, cell, scenario, keys, rig.directory.path());
    rig.variables_before = read_variable_store(spec.variables);
    if (spec.settings.firmware_log)
        spec.firmware_log = spec.serial_pipe.empty() ? fs::absolute(artefacts) / "firmware.log"
                                                     : rig.directory.path() / "firmware";
    const fs::path image = spec.cell.image.path, picture = rig.directory.path() / "picture";
    if (host.qemu_users)
        rig.user = host.qemu_users->take();
    const auto make_disks = [&] {
        prepare_medium(spec, host, scenario, rig.directory.path());
        rig.drive.emplace(spec, host, scenario, rig.directory.path());
        rig.disks.emplace(scenario.disks, rig.directory.path(), image);
        for (const Step& step : scenario.steps)
            if (const std::string disk = booted_disk(step); !disk.empty())
                rig.disks->make_bootable(disk);
        seal_disks(scenario, *rig.disks);
        if (!scenario.served.empty())
            serve(scenario.served, image, rig.directory.path() / "served");
        if (!spec.serial_pipe.empty()) {
            rig.serial_pipe = ConsolePipe::make(spec.serial_pipe);
            rig.port_pipe = ConsolePipe::make(spec.port_pipe);
            if (!spec.firmware_log.empty())
                rig.firmware_pipe = ConsolePipe::make(spec.firmware_log);
        }
        if (host.boxes)
            write_file(picture, "");
        if (rig.user)
            give_to(*rig.user, rig.directory.path());
    };
    co_await on_worker(host.workers, make_disks);
    spec.disks = rig.disks->specs();
    if (host.boxes) {
        const auto box = [&] { put_in_box(*host.boxes, host, scenario, image, rig); };
        co_await on_worker(host.workers, box);
    }
    const std::string xml = domain_xml(spec);
    write_file(artefacts / "domain.xml", xml);

    RunIn run_in;
    if (rig.network)
        run_in = [&network = *rig.network](const std::function<void()>& work) { network.netns().run(work); };
    const DomainEventSink on_event = [attendance](const DomainEvent& event) { attendance->happened(event); };
    const auto create = [&] { return Domain::create(libvirt, spec.domain_name, xml, on_event, run_in); };
    rig.guest.emplace(co_await on_worker(host.workers, create));

    if (host.boxes)
        rig.guest->use_for_pictures(picture);
    const auto ask = [&] {
        rig.qemu = rig.guest->process();
        rig.onlooker.emplace(*rig.guest, cell.arch);
        return rig.guest->kvm_in_use();
    };
    rig.kvm = co_await on_worker(host.workers, ask);
    rig.limits = limits_for(!rig.kvm, host.cell_timeout);
    rig.limits.keep_countdown = host.keep_countdown;
    if (scenario.boot.asked() && !is_direct(cell.medium)) {
        rig.limits.keep_countdown = true;  // the driver operates the menu
        rig.loader.emplace(scenario.boot, rig.limits.scale);
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
    co_await connect_lines(host, rig, attendance, artefacts);

    attendance->power_on();
    attendance->tell({.kind = Event::Kind::started,
                      .name = rig.kvm ? "kvm" : "tcg",
                      .text = (spec.firmware ? spec.firmware->code.string() : "SeaBIOS") +
                              (host.libvirt.connections().size() > 1 ? " by " + libvirt.uri() : "")});
    const auto resume = [&] { rig.guest->resume(); };
    co_await on_worker(host.workers, resume);
    co_return made;
}

}  // namespace lktest
