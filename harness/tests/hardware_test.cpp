// SPDX-License-Identifier: MIT
#include "harness/matrix/hardware.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include "builder/base/file.hpp"
#include "builder/tests/support/source_directory.hpp"
#include "harness/matrix/cell.hpp"

namespace lktest {
namespace {

BootCell cell(Arch arch, Firmware firmware, Medium medium, Hardware hardware = {}) {
    return {.scenario = "boot",
            .image = {"live", "/x.iso"},
            .arch = arch,
            .firmware = firmware,
            .medium = medium,
            .hardware = std::move(hardware)};
}

TEST(Hardware, IsSaidInACellsNameOnlyWhereItIsNotPlain) {
    BootCell named = cell(Arch::x86_64, Firmware::uefi, Medium::cdrom_sata,
                          {.chipset = Chipset::q35,
                           .tables = Tables::acpi,
                           .tpm = Tpm::none,
                           .graphics = Graphics::vga,
                           .card = Card::virtio});
    EXPECT_EQ(name(canonical(named)), "boot.live.x86_64-uefi-cdrom");
    named.hardware = {.chipset = Chipset::pc,
                      .cpu = "Nehalem",
                      .cpus = 2,
                      .memory = std::uint64_t{512} << 20,
                      .tpm = Tpm::tpm2,
                      .graphics = Graphics::none,
                      .card = Card::e1000e};
    EXPECT_EQ(name(canonical(named)),
              "boot.live.x86_64-uefi-cdrom-sata-pc-Nehalem-2cpus-512M-tpm2-headless-e1000e");
}

TEST(Hardware, NamesTheKeysAndRevocationsOfSecureBootWhereTheyAreNotThePackages) {
    const auto named = [](Hardware hardware) {
        const std::string whole =
            name(canonical(cell(Arch::x86_64, Firmware::uefi_secure, Medium::cdrom, std::move(hardware))));
        return whole.substr(whole.find("cdrom"));
    };
    EXPECT_EQ(named({.trust = Trust::package, .sbat = "none"}), "cdrom");
    EXPECT_EQ(named({.trust = Trust::ca2023}), "cdrom-trust-2023");
    EXPECT_EQ(named({.cpus = 2, .trust = Trust::both, .sbat = "latest"}),
              "cdrom-2cpus-trust-both-sbat-latest");
    EXPECT_EQ(named({.sbat = "2025021800"}), "cdrom-sbat-2025021800");
    EXPECT_EQ(named({.sbat = "/tmp/my levels/of today.csv"}), "cdrom-sbat-of-today");
}

TEST(Hardware, HasKeysOnlyWithSecureBoot) {
    const auto why = [](Firmware firmware, Hardware hardware) {
        return inapplicable(cell(Arch::x86_64, firmware, Medium::cdrom, std::move(hardware)))
            .value_or("exists");
    };
    EXPECT_EQ(why(Firmware::uefi_secure, {.trust = Trust::ca2011, .sbat = "latest"}), "exists");
    EXPECT_EQ(why(Firmware::uefi, {.trust = Trust::ca2011}),
              "firmware uefi has no Secure Boot, so --trust has no effect");
    EXPECT_EQ(why(Firmware::bios, {.sbat = "latest"}),
              "firmware bios has no Secure Boot, so --sbat has no effect");
}

TEST(Hardware, HasOneNameForEachDrive) {
    const auto medium = [](Arch arch, Medium of, std::optional<Chipset> chipset = {}) {
        return canonical(cell(arch, Firmware::uefi, of, {.chipset = chipset})).medium;
    };
    EXPECT_EQ(medium(Arch::x86_64, Medium::cdrom_sata), Medium::cdrom);
    EXPECT_EQ(medium(Arch::x86_64, Medium::cdrom_ide, Chipset::pc), Medium::cdrom);
    EXPECT_EQ(medium(Arch::aarch64, Medium::cdrom_scsi), Medium::cdrom);
    EXPECT_EQ(medium(Arch::x86_64, Medium::cdrom_sata, Chipset::pc), Medium::cdrom_sata);
    EXPECT_EQ(medium(Arch::x86_64, Medium::cdrom_scsi), Medium::cdrom_scsi);
    EXPECT_EQ(medium(Arch::x86_64, Medium::direct), Medium::direct);
}

TEST(Hardware, ThatDoesNotExistIsNamedWithItsReason) {
    const auto why = [](const BootCell& cell) { return inapplicable(cell).value_or("exists"); };
    using enum Arch;
    using enum Firmware;
    EXPECT_EQ(why(cell(x86_64, bios, Medium::cdrom_ide)), "q35 machines have no IDE");
    EXPECT_EQ(why(cell(x86_64, bios, Medium::cdrom_ide, {.chipset = Chipset::pc})), "exists");
    EXPECT_EQ(why(cell(aarch64, uefi, Medium::cdrom_sata)), "AAVMF has no driver for SATA");
    EXPECT_EQ(why(cell(aarch64, uefi, Medium::usb, {.chipset = Chipset::q35})),
              "aarch64 has no machine 'q35'");
    EXPECT_EQ(why(cell(x86_64, uefi, Medium::usb, {.cpu = "cortex-a57"})),
              "x86_64 has no CPU model 'cortex-a57'");
    EXPECT_EQ(why(cell(x86_64, uefi, Medium::usb, {.tables = Tables::devicetree})),
              "x86_64 machines are described by ACPI only");
    EXPECT_EQ(why(cell(aarch64, uefi, Medium::usb, {.tables = Tables::devicetree})), "exists");
    EXPECT_EQ(why(cell(x86_64, uefi_secure, Medium::usb, {.chipset = Chipset::pc})),
              "Secure Boot needs SMM, which pc machines do not have");
    EXPECT_EQ(why(cell(x86_64, uefi_secure, Medium::direct)),
              "with Secure Boot a kernel cannot start without shim");
    EXPECT_EQ(why(cell(aarch64, uefi, Medium::pxe, {.card = Card::e1000})),
              "AAVMF has a driver for virtio-net only");
    EXPECT_EQ(why(cell(x86_64, uefi_ia32, Medium::cdrom)), "exists");
    EXPECT_EQ(why(cell(x86_64, uefi_ia32, Medium::cdrom_ide, {.chipset = Chipset::pc})),
              "32-bit UEFI needs SMM, which pc machines do not have");
    EXPECT_EQ(why(cell(aarch64, uefi_ia32, Medium::usb)), "aarch64 machines have no 32-bit UEFI");
    EXPECT_EQ(why(cell(x86_64, u_boot, Medium::usb)), "x86_64 machines have no U-Boot");
    EXPECT_EQ(why(cell(aarch64, u_boot, Medium::usb)), "exists");
    EXPECT_EQ(why(cell(aarch64, u_boot, Medium::cdrom_usb)), "U-Boot boots from disks only");
    EXPECT_EQ(why(cell(aarch64, u_boot, Medium::pxe)), "U-Boot boots from disks only");
    EXPECT_EQ(why(cell(aarch64, u_boot, Medium::usb, {.tables = Tables::acpi})),
              "U-Boot describes machines by a device tree only");
}

TEST(Hardware, HasOneNameForEachDescriptionOfAMachine) {
    const auto named = [](Firmware firmware, Tables tables) {
        return name(canonical(cell(Arch::aarch64, firmware, Medium::usb, {.tables = tables})));
    };
    EXPECT_EQ(named(Firmware::uefi, Tables::acpi), "boot.live.aarch64-uefi-usb");
    EXPECT_EQ(named(Firmware::uefi, Tables::devicetree), "boot.live.aarch64-uefi-usb-devicetree");
    EXPECT_EQ(named(Firmware::u_boot, Tables::devicetree), "boot.live.aarch64-u-boot-usb");
    EXPECT_EQ(named(Firmware::u_boot, Tables::acpi), "boot.live.aarch64-u-boot-usb-acpi");
}

/// The row of a Markdown table that begins with these cells.
std::string table_row(const std::filesystem::path& page, const std::string& begin) {
    std::istringstream lines(read_file(source_directory() / page));
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with(begin))
            return line;
    return {};
}

TEST(Axes, EveryFirmwareAndItsPackageAreInTheReadme) {
    for (const FirmwareRow& kind : firmware_rows)
        for (const FirmwareBuild& build : kind.builds) {
            const std::string line =
                table_row("firmware/README.md",
                          "| " + std::string(name(build.arch)) + " × " + std::string(kind.name) + " |");
            EXPECT_NE(line.find("`" + std::string(build.package) + "`"), std::string::npos) << kind.name;
        }
}

TEST(Hardware, IsEveryCombinationOfWhatIsAskedAndThePlainOneWhenNothingIs) {
    EXPECT_EQ(combine({}), std::vector{Hardware{}});
    const auto machines = combine({.cpus = {1, 2}, .cards = {Card::e1000, Card::virtio}});
    ASSERT_EQ(machines.size(), 4U);
    EXPECT_EQ(machines[1], (Hardware{.cpus = 1, .card = Card::virtio}));
    EXPECT_EQ(machines[2], (Hardware{.cpus = 2, .card = Card::e1000}));
}

TEST(Hardware, IsTheScenariosWhereTheCommandLineSaysNothing) {
    const HardwareAxes axes = or_else({.cpus = {4}}, {.cpus = {1, 2}, .tpms = {Tpm::tpm2}});
    EXPECT_EQ(axes.cpus, std::vector{4U});
    EXPECT_EQ(axes.tpms, std::vector{Tpm::tpm2});
}

}  // namespace
}  // namespace lktest
