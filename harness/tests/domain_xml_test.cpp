// SPDX-License-Identifier: MIT
#include "harness/machine/domain_xml.hpp"

#include <gtest/gtest.h>

#include <pugixml.hpp>

#include "builder/tests/support/golden.hpp"

namespace lktest {
namespace {

MachineSpec spec(Arch arch, Firmware firmware, Medium medium, Accel accel) {
    MachineSpec spec;
    spec.cell = {.scenario = "boot",
                 .image = {"recovery", "/images/recovery.iso"},
                 .arch = arch,
                 .firmware = firmware,
                 .medium = medium};
    spec.domain_name = "lktest-1-boot.recovery";
    spec.accel = accel;
    if (row_of(firmware).load == FirmwareLoad::flash) {
        spec.firmware = FirmwareImages{.code = "/firmware/CODE.fd", .variables = "/firmware/VARS.fd"};
        spec.variables = "/cell/variables.fd";
    } else if (row_of(firmware).load == FirmwareLoad::rom) {
        spec.firmware = FirmwareImages{.code = "/firmware/u-boot.bin", .variables = {}};
    }
    spec.serial_pipe = "/cell/serial";
    spec.port_pipe = "/cell/port";
    spec.network = TapNetwork{.device = "tap0", .mac = "52:54:00:00:00:01"};
    return spec;
}

struct Golden {
    const char* name;
    MachineSpec machine;
};

class EveryMachine : public ::testing::TestWithParam<Golden> {};

TEST_P(EveryMachine, HasTheDomainThatItsGoldenFileShows) {
    expect_golden("domain_xml/" + std::string(GetParam().name) + ".xml", domain_xml(GetParam().machine));
}

std::vector<Golden> machines() {
    using enum Arch;
    using enum Firmware;
    using enum Medium;
    MachineSpec user = spec(x86_64, uefi, cdrom, Accel::tcg);
    user.network = UserNetwork{.mac = "52:54:00:00:00:01"};
    MachineSpec daemon = user;
    daemon.daemon = true;
    MachineSpec none = spec(aarch64, uefi, cdrom, Accel::tcg);
    none.network = NoNetwork{};
    none.settings = {.memory = std::uint64_t{512} << 20, .cpus = 2};
    MachineSpec told = spec(x86_64, bios, cdrom, Accel::tcg);
    told.firmware_log = "/cell/firmware";
    MachineSpec boxed = spec(x86_64, bios, usb, Accel::tcg);
    boxed.emulator = "/private/box/1-2-3/qemu-system-x86_64";
    boxed.box = "/private/box/guests/lktest-1-boot";
    MachineSpec secure = spec(x86_64, uefi, cdrom, Accel::tcg);
    secure.firmware->needs_smm = true;
    secure.firmware->format = "qcow2";
    MachineSpec disks = spec(aarch64, uefi, cdrom, Accel::tcg);
    unsigned number = 0;
    for (const DiskBus bus : all_disk_buses)
        disks.disks.push_back({.name = "disk" + std::to_string(number),
                               .path = "/cell/" + std::string(name(bus)) + ".img",
                               .bus = bus,
                               .number = number++});
    disks.disks.front().bootable = true;
    disks.disks.front().protect = true;
    MachineSpec odd = spec(x86_64, bios, cdrom, Accel::tcg);
    odd.cell.hardware = {.chipset = Chipset::pc,
                         .cpu = "Nehalem",
                         .tpm = Tpm::tpm2,
                         .graphics = Graphics::none,
                         .card = Card::e1000e};
    MachineSpec stick = spec(aarch64, uefi, usb, Accel::tcg);
    stick.cell.hardware = {.tables = Tables::devicetree, .graphics = Graphics::virtio};
    stick.medium_copy = "/cell/medium.qcow2";
    MachineSpec kernel = spec(aarch64, uefi, direct, Accel::tcg);
    kernel.direct = DirectKernel{"/cell/kernel", "/cell/initramfs", "console=ttyAMA0 a=\"b c\""};
    MachineSpec copied = spec(x86_64, uefi, nvme, Accel::tcg);
    copied.medium_copy = "/cell/medium.qcow2";
    return {{"x86_64-bios-odd-hardware", odd},
            {"aarch64-uefi-stick-devicetree", stick},
            {"aarch64-uefi-direct", kernel},
            {"x86_64-uefi-nvme-copy", copied},
            {"x86_64-bios-cdrom-usb", spec(x86_64, bios, cdrom_usb, Accel::tcg)},
            {"x86_64-bios-disk-512e", spec(x86_64, bios, disk_512e, Accel::tcg)},
            {"aarch64-uefi-disks", disks},
            {"x86_64-bios-cdrom", spec(x86_64, bios, cdrom, Accel::tcg)},
            {"x86_64-bios-pxe", spec(x86_64, bios, pxe, Accel::tcg)},
            {"aarch64-uefi-http", spec(aarch64, uefi, http, Accel::tcg)},
            {"x86_64-bios-usb", spec(x86_64, bios, usb, Accel::tcg)},
            {"x86_64-uefi-cdrom", spec(x86_64, uefi, cdrom, Accel::tcg)},
            {"x86_64-uefi-usb", spec(x86_64, uefi, usb, Accel::tcg)},
            {"aarch64-uefi-cdrom", spec(aarch64, uefi, cdrom, Accel::tcg)},
            {"aarch64-uefi-usb", spec(aarch64, uefi, usb, Accel::tcg)},
            {"x86_64-uefi-cdrom-kvm", spec(x86_64, uefi, cdrom, Accel::kvm)},
            {"aarch64-uefi-cdrom-kvm", spec(aarch64, uefi, cdrom, Accel::kvm)},
            {"x86_64-uefi-cdrom-user-network", user},
            {"x86_64-uefi-cdrom-daemon", daemon},
            {"aarch64-uefi-cdrom-no-network", none},
            {"x86_64-uefi-cdrom-smm", secure},
            {"aarch64-u-boot-usb", spec(aarch64, u_boot, usb, Accel::tcg)},
            {"x86_64-bios-usb-boxed", boxed},
            {"x86_64-bios-firmware-log", told}};
}

INSTANTIATE_TEST_SUITE_P(DomainXml, EveryMachine, ::testing::ValuesIn(machines()), [](const auto& parameter) {
    std::string title = parameter.param.name;
    std::replace(title.begin(), title.end(), '-', '_');
    return title;
});

TEST(DomainXml, IsTheSameForEqualSpecs) {
    const MachineSpec machine = spec(Arch::x86_64, Firmware::uefi, Medium::cdrom, Accel::tcg);
    EXPECT_EQ(domain_xml(machine), domain_xml(MachineSpec(machine)));
}

TEST(DomainXml, QuotesWhateverAPathHolds) {
    MachineSpec machine = spec(Arch::x86_64, Firmware::bios, Medium::cdrom, Accel::tcg);
    machine.cell.image.path = "/a '\"<&>\n b.iso";
    pugi::xml_document document;
    ASSERT_TRUE(document.load_string(domain_xml(machine).c_str(),
                                     pugi::parse_default & ~pugi::parse_wconv_attribute));
    EXPECT_STREQ(document.select_node("/domain/devices/disk/source").node().attribute("file").value(),
                 "/a '\"<&>\n b.iso");
}

TEST(DomainXml, NeverLetsTheGuestWriteTheImage) {
    for (const Golden& golden : machines()) {
        pugi::xml_document document;
        ASSERT_TRUE(document.load_string(domain_xml(golden.machine).c_str()));
        const bool by_libvirt = document.select_node("/domain/devices/disk/readonly");
        const bool by_qemu =
            domain_xml(golden.machine).find("\"read-only\":true") != std::string::npos ||
            domain_xml(golden.machine).find("&quot;read-only&quot;:true") != std::string::npos;
        EXPECT_EQ(!by_libvirt && !by_qemu, from_network(golden.machine.cell.medium)) << golden.name;
    }
}

}  // namespace
}  // namespace lktest
