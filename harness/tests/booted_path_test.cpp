// SPDX-License-Identifier: MIT
#include "harness/diagnose/booted_path.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace lktest {
namespace {

/// An entry of GRUB whose kernel is missing, with this command line.
EntryFacts entry(std::string kernel, std::string command_line) {
    EntryFacts entry;
    entry.said.title = kernel;
    entry.said.kernel = {.path = std::move(kernel), .line = 3};
    entry.said.command_line = std::move(command_line);
    return entry;
}

/// A medium whose two entries both name a kernel that is missing.
MediumFacts medium() {
    MediumFacts facts;
    facts.volume.label = "NEW";
    ConfigFacts config;
    config.path = "/boot/grub/grub.cfg";
    config.entries = {entry("/boot/first", "root=live:CDLABEL=NEW quiet"), entry("/boot/second", "quiet")};
    facts.configs.push_back(config);
    return facts;
}

bool finds(const std::vector<MediumFinding>& findings, std::string_view text) {
    return std::ranges::any_of(findings, [text](const MediumFinding& finding) {
        return finding.id == "kernel-missing" && finding.text.find(text) != std::string::npos;
    });
}

TEST(BootedPath, OnlyTheEntryThatWasBootedCounts) {
    const BootCell cell{.scenario = "boot", .image = {"x", "x.iso"}};
    const auto all = findings_on_path(medium(), cell, "");
    EXPECT_TRUE(finds(all, "/boot/first"));
    EXPECT_TRUE(finds(all, "/boot/second"));
    const auto first = findings_on_path(medium(), cell, "BOOT_IMAGE=/boot/first root=live:CDLABEL=NEW quiet");
    EXPECT_TRUE(finds(first, "/boot/first"));
    EXPECT_FALSE(finds(first, "/boot/second"));
    const auto other = findings_on_path(medium(), cell, "typed by hand");
    EXPECT_TRUE(finds(other, "/boot/second")) << "no entry is known to be the one";
}

TEST(BootedPath, OtherLoadersOfTheMediumDoNotCount) {
    BootCell cell{.scenario = "boot", .image = {"x", "x.iso"}};
    MediumFacts facts = medium();
    facts.configs.front().said.loader = BootLoader::syslinux;
    EXPECT_FALSE(finds(findings_on_path(facts, cell, ""), "/boot/first")) << "UEFI does not start ISOLINUX";
    facts.isolinux.emplace();
    cell.firmware = Firmware::bios;
    EXPECT_TRUE(finds(findings_on_path(facts, cell, ""), "/boot/first"));
}

TEST(BootedPath, ALoaderOfAnotherMachineIsNotTheOneThatTheFirmwareWants) {
    for (const auto& [machine, usable] : {std::pair(0x8664, true), std::pair(0xaa64, false)}) {
        MediumFacts facts = medium();
        facts.efi.emplace_back();
        facts.efi.back().path = "/EFI/BOOT/BOOTX64.EFI";
        facts.efi.back().image.emplace();
        facts.efi.back().image->machine = static_cast<std::uint16_t>(machine);
        Facts found;
        found.words["efi-loader"] = "BOOTX64.EFI";
        add_medium_facts(facts, "", {}, found);
        EXPECT_EQ(found.find("loader-on-medium")->holds, usable);
    }
}

TEST(BootedPath, TheLabelThatTheGuestSpeaksOfIsComparedWithTheMediums) {
    const auto facts_of = [](const std::string& line) {
        Facts facts;
        add_medium_facts(medium(), "quiet", {"hello", line, "."}, facts);
        return facts;
    };
    const Facts old = facts_of("waiting for /dev/disk/by-label/OLD\\x20ONE to appear");
    ASSERT_TRUE(old.find("label-is-another"));
    EXPECT_TRUE(old.find("label-is-another")->holds);
    EXPECT_EQ(old.words.at("wanted"), "OLD ONE");
    EXPECT_FALSE(facts_of("mounting LABEL=NEW").find("label-is-another")->holds);
    EXPECT_FALSE(facts_of("hello").find("label-is-another"));
    EXPECT_FALSE(facts_of("looking for LABEL=persistence").find("label-is-another"));
    EXPECT_FALSE(facts_of("hello").find("label-named")->holds);
}

}  // namespace
}  // namespace lktest
