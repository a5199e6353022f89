// SPDX-License-Identifier: MIT
#include "harness/boot/machine_spec.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "firmware/variables.hpp"
#include "harness/boot/direct_kernel.hpp"
#include "harness/boot/stick.hpp"
#include "harness/machine/medium_copy.hpp"
#include "harness/net/cell_network.hpp"

namespace lktest {

namespace fs = std::filesystem;

FirmwareWish firmware_wish(const BootCell& cell) {
    return {.arch = cell.arch, .firmware = cell.firmware, .machine = row_of(chipset(cell)).full_name};
}

MachineSpec machine_spec(const Host& host, const Connection& libvirt, const BootCell& cell,
                         const Scenario& scenario, const SecureLists& keys, const fs::path& directory) {
    MachineSpec spec{.cell = cell,
                     .domain_name = fmt::format("lktest-{}-{}", ::getpid(), name(cell)),
                     .settings = scenario.machine,
                     .accel = host.accel.at(cell.arch),
                     .firmware = {},
                     .variables = directory / "variables.fd",
                     .serial_pipe = directory / "serial",
                     .port_pipe = directory / "port",
                     .network = NoNetwork{}};
    spec.cell.image.path = path_for_qemu(host, cell.image.path);
    spec.daemon = libvirt.root().empty();
    if (names_a_host(libvirt.uri()))  // its pipes are on another machine
        spec.serial_pipe = spec.port_pipe = fs::path();
    const FirmwareRow& kind = row_of(cell.firmware);
    if (kind.load != FirmwareLoad::by_qemu) {
        const auto found = choose_firmware(host.firmware, firmware_wish(cell));
        if (const auto* missing = std::get_if<MissingFirmware>(&found))
            throw missing_firmware_error(*missing);
        spec.firmware = std::get<FirmwareImages>(found);
    }
    if (has_variables(spec))
        make_variable_store(cell.arch, *spec.firmware, spec.variables,
                            kind.secure_boot ? keys : SecureLists{});
    if (host.network == Network::tap)
        spec.network = TapNetwork{tap_name, guest_mac};
    else if (host.network == Network::user)
        spec.network = UserNetwork{guest_mac};
    return spec;
}

fs::path path_for_qemu(const Host& host, const fs::path& image) {
    const auto shown = host.shown.find(image);
    return shown == host.shown.end() ? fs::absolute(image) : shown->second;
}

void copy_medium(MachineSpec& spec, const Scenario& scenario, const fs::path& copy) {
    const fs::path& image = spec.cell.image.path;
    std::vector<Patch> patches;
    const ByteView bytes = ByteView::of_file(image);
    if (is_disk(spec.cell.medium) && is_uefi(spec.cell.firmware))
        patches = without_el_torito(bytes);
    if (scenario.unsigned_loader)
        std::ranges::move(without_signatures(bytes), std::back_inserter(patches));
    if (patches.empty())
        return;
    make_medium_copy(image, patches, copy);
    spec.medium_copy = copy;
}

void prepare_medium(MachineSpec& spec, const Host& host, const Scenario& scenario,
                    const fs::path& directory) {
    const BootCell& cell = spec.cell;
    if (from_network(cell.medium))
        return;
    const fs::path image = cell.image.path;
    if (scenario.boot.loopback) {
        const fs::path stick = directory / "stick.img";
        make_stick(image, host.stick_loaders.at(cell.arch), cell.arch, stick);
        spec.cell.image.path = stick;
        return;
    }
    copy_medium(spec, scenario, directory / "medium.qcow2");
    if (is_direct(cell.medium))
        spec.direct = take_kernel(image, cell.arch, scenario.boot, directory);
}

}  // namespace lktest
