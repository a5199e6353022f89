// SPDX-License-Identifier: MIT
#include "firmware/choose.hpp"

#include <gtest/gtest.h>

namespace lktest {
namespace {

Descriptor uefi(std::string code, std::string architecture, std::string machines,
                std::vector<std::string> features) {
    Descriptor descriptor;
    descriptor.interfaces = {"uefi"};
    descriptor.device = "flash";
    descriptor.code = std::move(code);
    descriptor.variables = descriptor.code.string() + ".vars";
    descriptor.targets = {{std::move(architecture), {std::move(machines)}}};
    descriptor.features = std::move(features);
    return descriptor;
}

/// Debian 12's six descriptors, in their order.
FirmwareCatalogue debian() {
    return {
        .descriptors = {uefi("aa-ms", "aarch64", "virt-*", {"enrolled-keys", "secure-boot"}),
                        uefi("x-ms", "x86_64", "pc-q35-*", {"enrolled-keys", "requires-smm", "secure-boot"}),
                        uefi("aa-secboot", "aarch64", "virt-*", {"secure-boot"}),
                        uefi("x-secboot", "x86_64", "pc-q35-*", {"requires-smm", "secure-boot"}),
                        uefi("aa", "aarch64", "virt-*", {"verbose-static"}),
                        uefi("x", "x86_64", "pc-q35-*", {"acpi-s3"})},
        .images = {{{Firmware::bios, Arch::x86_64}, "/bios-256k.bin"}},
        .warnings = {}};
}

std::string chosen(const FirmwareCatalogue& catalogue, const FirmwareWish& wish) {
    const auto choice = choose_firmware(catalogue, wish);
    if (const auto* missing = std::get_if<MissingFirmware>(&choice))
        return "missing: " + missing->what + " in " + missing->package;
    return std::get<FirmwareImages>(choice).code.string();
}

TEST(ChooseFirmware, TakesTheImageWithoutSecureBootByDefault) {
    EXPECT_EQ(chosen(debian(), {Arch::x86_64, Firmware::uefi}), "x");
    EXPECT_EQ(chosen(debian(), {Arch::aarch64, Firmware::uefi}), "aa");
    EXPECT_EQ(chosen(debian(), {Arch::x86_64, Firmware::bios}), "/bios-256k.bin");
}

TEST(ChooseFirmware, TakesTheOneBuildOf32BitUefiAndItsEmptyKeyStore) {
    FirmwareCatalogue catalogue = debian();
    EXPECT_EQ(chosen(catalogue, {Arch::x86_64, Firmware::uefi_ia32}),
              "missing: 32-bit UEFI firmware for x86_64 in ovmf-ia32");
    catalogue.descriptors.push_back(uefi("ia32", "i386", "pc-q35-*", {"requires-smm", "secure-boot"}));
    EXPECT_EQ(chosen(catalogue, {Arch::x86_64, Firmware::uefi_ia32}), "ia32");
    EXPECT_EQ(chosen(catalogue, {Arch::x86_64, Firmware::uefi}), "x");
}

TEST(ChooseFirmware, GivesTheTemplateThatBelongsToTheCode) {
    const auto images = std::get<FirmwareImages>(choose_firmware(debian(), {Arch::aarch64, Firmware::uefi}));
    EXPECT_EQ(images.variables, "aa.vars");
    EXPECT_FALSE(images.needs_smm);
}

TEST(ChooseFirmware, TakesEnrolledKeysWhenSecureBootIsAsked) {
    EXPECT_EQ(chosen(debian(), {Arch::x86_64, Firmware::uefi_secure}), "x-ms");
    EXPECT_EQ(chosen(debian(), {Arch::aarch64, Firmware::uefi_secure}), "aa-ms");
    EXPECT_TRUE(
        std::get<FirmwareImages>(choose_firmware(debian(), {Arch::x86_64, Firmware::uefi_secure})).needs_smm);
}

TEST(ChooseFirmware, FallsBackToAnEmptyKeyStoreWhereNothingIsEnforced) {
    FirmwareCatalogue catalogue = debian();
    catalogue.descriptors.resize(4);
    EXPECT_EQ(chosen(catalogue, {Arch::aarch64, Firmware::uefi}), "aa-secboot");
}

TEST(ChooseFirmware, PrefersTheEarlierOfTwoThatFit) {
    FirmwareCatalogue catalogue = debian();
    catalogue.descriptors.insert(catalogue.descriptors.begin(), uefi("mine", "x86_64", "pc-q35-*", {}));
    EXPECT_EQ(chosen(catalogue, {Arch::x86_64, Firmware::uefi}), "mine");
}

TEST(ChooseFirmware, PassesOverImagesThatTheMachineCannotUse) {
    FirmwareCatalogue catalogue;
    catalogue.descriptors = {uefi("for-pc-only", "x86_64", "pc-i440fx-*", {}),
                             uefi("stateless", "x86_64", "pc-q35-*", {}),
                             uefi("rom", "x86_64", "pc-q35-*", {}), uefi("mixed", "x86_64", "pc-q35-*", {})};
    catalogue.descriptors[1].mode = "stateless";
    catalogue.descriptors[2].device = "memory";
    catalogue.descriptors[3].variables_format = "qcow2";
    EXPECT_EQ(chosen(catalogue, {Arch::x86_64, Firmware::uefi}), "missing: UEFI firmware for x86_64 in ovmf");
}

TEST(ChooseFirmware, NamesThePackageThatIsMissing) {
    const FirmwareCatalogue empty;
    EXPECT_EQ(chosen(empty, {Arch::x86_64, Firmware::bios}), "missing: SeaBIOS in seabios");
    EXPECT_EQ(chosen(empty, {Arch::aarch64, Firmware::uefi}),
              "missing: UEFI firmware for aarch64 in qemu-efi-aarch64");
    EXPECT_EQ(chosen(empty, {Arch::x86_64, Firmware::uefi_secure}),
              "missing: Secure Boot UEFI firmware for x86_64 with Microsoft's keys in ovmf");
    const Error error = missing_firmware_error({"UEFI firmware for aarch64", "qemu-efi-aarch64"});
    EXPECT_EQ(error.kind(), Error::Kind::host);
    EXPECT_STREQ(error.what(), "UEFI firmware for aarch64 is missing");
    EXPECT_EQ(error.hint(), "install it: apt install qemu-efi-aarch64");
}

TEST(FirmwareMismatch, RefusesTheStoreOfAnotherBuild) {
    const std::string header = std::string(40, '\0') + "_FVH" + std::string(20, '\0');
    EXPECT_EQ(firmware_mismatch(Arch::x86_64, 3653632, 540672, header), std::nullopt) << "4 MiB build";
    EXPECT_EQ(firmware_mismatch(Arch::x86_64, 1966080, 131072, header), std::nullopt) << "2 MiB build";
    EXPECT_EQ(firmware_mismatch(Arch::x86_64, 3653632, 131072, header),
              "3653632 bytes of code and 131072 bytes of variables come from different builds");
    EXPECT_EQ(firmware_mismatch(Arch::aarch64, 64 << 20, 64 << 20, header), std::nullopt);
    EXPECT_EQ(firmware_mismatch(Arch::aarch64, 64 << 20, 65 << 20, header),
              "the image is larger than the machine's flash of 64 MiB");
}

TEST(FirmwareMismatch, RefusesAStoreThatIsNone) {
    EXPECT_EQ(firmware_mismatch(Arch::x86_64, 3653632, 540672, std::string(64, 'x')),
              "the variable store is not a firmware volume (no _FVH at byte 40)");
    EXPECT_TRUE(firmware_mismatch(Arch::x86_64, 4 << 20, 0, ""));
    EXPECT_TRUE(firmware_mismatch(Arch::x86_64, 3653632, 540672, std::string(64, '\0')));
    EXPECT_TRUE(firmware_mismatch(Arch::aarch64, 64 << 20, 64 << 20, std::string(64, 'x')));
    EXPECT_EQ(firmware_mismatch(Arch::aarch64, 64 << 20, 64 << 20, std::string(64, '\0')), std::nullopt)
        << "Debian's template for aarch64 is blank";
}

}  // namespace
}  // namespace lktest
