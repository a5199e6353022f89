// SPDX-License-Identifier: MIT
#include "harness/matrix/expand.hpp"

#include <gtest/gtest.h>

#include "builder/base/error.hpp"

namespace lktest {
namespace {

const ImageChoice x86_image{{"recovery", "/x86.iso"}, {Arch::x86_64}};
const ImageChoice arm_image{{"recovery-arm", "/arm.iso"}, {Arch::aarch64}};

Axes default_axes() {
    return {.images = {x86_image, arm_image}, .scenarios = {{.name = "boot"}}};
}

std::vector<std::string> names_of(const std::vector<PlannedCell>& plan) {
    std::vector<std::string> names;
    for (const PlannedCell& planned : plan)
        names.push_back(name(planned.cell));
    return names;
}

std::string complaint(const Axes& axes) {
    try {
        expand(axes);
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), Error::Kind::usage);
        return std::string(error.what()) + "\n" + error.hint();
    }
    return "no error";
}

TEST(Expand, PlansEveryArchitectureAndFirmwareFromCdromWhenNothingIsAsked) {
    EXPECT_EQ(names_of(expand(default_axes())),
              (std::vector<std::string>{"boot.recovery.x86_64-bios-cdrom", "boot.recovery.x86_64-uefi-cdrom",
                                        "boot.recovery-arm.aarch64-bios-cdrom",
                                        "boot.recovery-arm.aarch64-uefi-cdrom"}));
}

TEST(Expand, KeepsACellThatCannotExistWithItsReason) {
    const auto plan = expand(default_axes());
    ASSERT_EQ(plan.size(), 4U);
    EXPECT_EQ(plan[2].not_applicable, "aarch64 machines have no BIOS");
    EXPECT_EQ(plan[3].not_applicable, std::nullopt);
}

TEST(Expand, MultipliesWhatIsAskedWithoutRepeatingIt) {
    Axes axes = default_axes();
    axes.images = {x86_image};
    axes.firmwares = {Firmware::uefi, Firmware::bios, Firmware::uefi};
    axes.media = {Medium::usb, Medium::cdrom};
    EXPECT_EQ(names_of(expand(axes)),
              (std::vector<std::string>{"boot.recovery.x86_64-bios-cdrom", "boot.recovery.x86_64-bios-usb",
                                        "boot.recovery.x86_64-uefi-cdrom", "boot.recovery.x86_64-uefi-usb"}));
}

TEST(Expand, BootsFromTheFirstMediumThatTheFirmwareReads) {
    Axes axes = default_axes();
    axes.firmwares = {Firmware::u_boot, Firmware::uefi_ia32};
    EXPECT_EQ(names_of(expand(axes)),
              (std::vector<std::string>{
                  "boot.recovery.x86_64-uefi-ia32-cdrom", "boot.recovery.x86_64-u-boot-cdrom",
                  "boot.recovery-arm.aarch64-uefi-ia32-cdrom", "boot.recovery-arm.aarch64-u-boot-usb"}));
}

TEST(Expand, VariesKeysOnlyOnFirmwareWithSecureBootAndTheRestOnUefi) {
    Axes axes = default_axes();
    axes.images = {x86_image};
    axes.variants = {{{.cpus = 2}}, {{.trust = Trust::ca2023}, true}};
    const auto varied = [&axes] {
        std::vector<std::string> names;
        for (const PlannedCell& planned : expand(axes))
            if (planned.cell.hardware != Hardware{})
                names.push_back(name(planned.cell));
        return names;
    };
    EXPECT_EQ(varied(), (std::vector<std::string>{"boot.recovery.x86_64-uefi-cdrom-2cpus"}));
    axes.firmwares = {Firmware::bios, Firmware::uefi, Firmware::uefi_secure};
    EXPECT_EQ(varied(), (std::vector<std::string>{"boot.recovery.x86_64-uefi-cdrom-2cpus",
                                                  "boot.recovery.x86_64-uefi-secure-cdrom-trust-2023"}));
    axes.firmwares = {Firmware::bios};
    EXPECT_EQ(varied(), (std::vector<std::string>{"boot.recovery.x86_64-bios-cdrom-2cpus"}));
}

TEST(Expand, RefusesKeysWithoutSecureBootAndLevelsOfOneName) {
    Axes axes = default_axes();
    axes.hardware.trusts = {Trust::ca2011, Trust::ca2023};
    EXPECT_NE(complaint(axes).find("--trust 2011 --trust 2023"), std::string::npos) << complaint(axes);
    EXPECT_NE(complaint(axes).find("--firmware uefi-secure"), std::string::npos);
    axes.firmwares = {Firmware::uefi_secure};
    EXPECT_EQ(expand(axes).size(), 4U);
    axes.hardware.sbats = {"/a/new.csv", "/b/new.csv"};
    EXPECT_EQ(complaint(axes),
              "the SBAT levels /a/new.csv and /b/new.csv have the same name\nrename one of the files");
}

TEST(Expand, TakesAnImageOfUnknownArchitectureForAll) {
    Axes axes = default_axes();
    axes.images = {{{"any", "/any.iso"}, {}}};
    EXPECT_EQ(expand(axes).size(), 4U);
}

TEST(Expand, BootsAnImageOnlyWithTheScenariosThatAreMeantForIt) {
    Axes axes = default_axes();
    axes.firmwares = {Firmware::uefi};
    axes.images = {x86_image, {{"vendor", "/vendor.iso"}, {Arch::aarch64}, {"any-medium"}}};
    axes.images.front().scenarios = {"boot"};
    axes.scenarios = {{.name = "boot"}, {.name = "any-medium"}};
    axes.arches = {Arch::x86_64, Arch::aarch64};
    EXPECT_EQ(names_of(expand(axes)), (std::vector<std::string>{"boot.recovery.x86_64-uefi-cdrom",
                                                                "any-medium.vendor.aarch64-uefi-cdrom"}));
}
TEST(Expand, TakesMediaFromTheScenarioUnlessTheCommandLineAsks) {
    Axes axes = default_axes();
    axes.images = {arm_image};
    axes.firmwares = {Firmware::uefi};
    axes.scenarios = {{.name = "both", .media = {Medium::cdrom, Medium::usb}}};
    EXPECT_EQ(names_of(expand(axes)), (std::vector<std::string>{"both.recovery-arm.aarch64-uefi-cdrom",
                                                                "both.recovery-arm.aarch64-uefi-usb"}));
    axes.media = {Medium::usb};
    EXPECT_EQ(names_of(expand(axes)), (std::vector<std::string>{"both.recovery-arm.aarch64-uefi-usb"}));
}

TEST(Expand, RefusesAnImageOfAnotherArchitectureThanAsked) {
    Axes axes = default_axes();
    axes.images = {x86_image};
    axes.arches = {Arch::aarch64};
    EXPECT_EQ(complaint(axes),
              "/x86.iso is for x86_64, not aarch64\nuse --arch x86_64, or an ISO for aarch64");
    axes.arches = {Arch::x86_64, Arch::aarch64};
    EXPECT_EQ(complaint(axes),
              "/x86.iso is for x86_64, not aarch64\nadd an ISO for aarch64, or omit --arch aarch64");
    axes.images = {x86_image, arm_image};
    axes.arches = {Arch::x86_64};
    EXPECT_EQ(complaint(axes),
              "/arm.iso is for aarch64, not x86_64\nuse --arch aarch64, or an ISO for x86_64");
}

TEST(Expand, RefusesFiltersThatLeaveOnlyWhatCannotExist) {
    Axes axes = default_axes();
    axes.images = {arm_image};
    axes.arches = {Arch::aarch64};
    axes.firmwares = {Firmware::bios};
    EXPECT_EQ(complaint(axes),
              "no cell is left to boot with --arch aarch64 --firmware bios: "
              "aarch64 machines have no BIOS\nomit one of the filters");
}

TEST(Expand, RefusesAScenarioThatTheFiltersLeaveNothingOf) {
    Axes axes = default_axes();
    axes.images = {x86_image};
    axes.scenarios.push_back({.name = "secure-boot", .firmwares = {Firmware::uefi}});
    axes.firmwares = {Firmware::bios};
    EXPECT_EQ(complaint(axes),
              "scenario 'secure-boot' supports only uefi, but the command line selects --firmware bios; "
              "x86.iso is for x86_64\nomit one of these options, or use another scenario or image");
}

TEST(Expand, RefusesTwoScenariosOfOneName) {
    Axes axes = default_axes();
    axes.scenarios.push_back(axes.scenarios.front());
    EXPECT_EQ(complaint(axes), "two scenarios are named 'boot'\nrename one of the files");
}

TEST(Expand, RefusesNothingAtAll) {
    EXPECT_EQ(complaint({}), "there is nothing to boot\ngive an --iso and a --scenario");
}

TEST(NameImages, TellsFilesOfOneNameApart) {
    const std::vector<Image> given{{"", "/a/live.iso"},
                                   {"", "/b/live.iso"},
                                   {"", "/a/live.iso"},
                                   {"", "/c/live-2.iso"},
                                   {"live", "/d/x.iso"}};
    EXPECT_EQ(name_images(given), (std::vector<Image>{{"live", "/a/live.iso"},
                                                      {"live-2", "/b/live.iso"},
                                                      {"live-2-2", "/c/live-2.iso"},
                                                      {"live-3", "/d/x.iso"}}));
}

TEST(NameImages, KeepsOnlyCharactersThatSuitADirectory) {
    const std::vector<Image> given{{"", "/x/my ïso\n.iso"},
                                   {"", "/x/..iso"},
                                   {"", "/x/-rf.iso"},
                                   {"", "/x/" + std::string(200, 'a') + ".iso"}};
    const auto images = name_images(given);
    EXPECT_EQ(images[0].name, "my---so-");
    EXPECT_EQ(images[1].name, "iso");
    EXPECT_EQ(images[2].name, "rf");
    EXPECT_EQ(images[3].name, std::string(64, 'a'));
}

TEST(ParseImage, TakesANameThatCellsKeep) {
    EXPECT_EQ(parse_image("live-2026-11-30.iso"), (Image{"", "live-2026-11-30.iso"}));
    EXPECT_EQ(parse_image("live=out/live-2026-11-30.iso"), (Image{"live", "out/live-2026-11-30.iso"}));
    EXPECT_EQ(parse_image("./a=b.iso"), (Image{"", "./a=b.iso"}));
    EXPECT_EQ(parse_image("a=b=c.iso"), (Image{"a", "b=c.iso"}));
    for (const std::string word : {"=x.iso", "a=", "a b=x.iso", "..=x.iso", "-rf=x.iso"})
        EXPECT_THROW(parse_image(word), Error) << word;
    EXPECT_THROW(parse_image(std::string(65, 'a') + "=x.iso"), Error);
}

}  // namespace
}  // namespace lktest
