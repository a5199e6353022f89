// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "builder/inspect/finding.hpp"
#include "builder/inspect/grub_script.hpp"
#include "builder/inspect/loader_conf.hpp"
#include "builder/tests/support/fake_medium.hpp"

namespace lktest {
namespace {

/// A short version of the script in Debian's signed GRUB.
constexpr std::string_view by_disk_info = R"(
if [ -z "$prefix" -o ! -e "$prefix" ]; then
  if ! search --file --set=root /.disk/info; then search --file --set=root /.disk/mini-info; fi
  set prefix=($root)/boot/grub
fi
if [ -e $prefix/grub.cfg ]; then source $prefix/grub.cfg; else source $cmdpath/grub.cfg; fi
)";

void use_grub(FakeMedium& medium, std::string_view script, std::vector<std::string> modules = {"normal"}) {
    medium.files[grub_aa64] = medium.esp[grub_aa64] =
        fake_grub(0xaa64, std::string(script), "/boot/grub", modules);
}

std::vector<IsoFinding> findings_of(const FakeMedium& medium) {
    std::vector<IsoFinding> found =
        find_faults(read_medium_facts(ByteView::of_memory(medium.bytes()), "live.iso"));
    std::erase_if(found,
                  [](const IsoFinding& finding) { return finding.grade == IsoFinding::Grade::notice; });
    return found;
}

std::vector<std::string> ids_of(const FakeMedium& medium) {
    std::vector<std::string> ids;
    for (const IsoFinding& finding : findings_of(medium))
        ids.push_back(finding.id);
    return ids;
}

std::string said_of(const FakeMedium& medium) {
    std::string text;
    for (const IsoFinding& finding : findings_of(medium))
        text += finding.text + " | " + finding.fix + "\n";
    return text;
}

using Ids = std::vector<std::string>;

TEST(BootWays, OfGrubFollowItsBuiltInScript) {
    FakeMedium medium(Arch::aarch64);
    use_grub(medium, by_disk_info);
    // The stick's GRUB is in the ESP, without a path to the ISO.
    EXPECT_EQ(ids_of(medium), Ids{"no-menu-entry"});
    EXPECT_NE(said_of(medium).find("/.disk/info, /.disk/mini-info"), std::string::npos) << said_of(medium);
    medium.files["/.disk/info"] = "x";
    EXPECT_EQ(ids_of(medium), Ids{});
}

TEST(BootWays, EndWithoutTheConfigurationThatGrubIsLedTo) {
    FakeMedium medium(Arch::aarch64);
    medium.files["/.disk/info"] = "x";
    use_grub(medium, by_disk_info);
    medium.files[grub_cfg] = "configfile /boot/grub/menu.cfg\n";
    EXPECT_EQ(ids_of(medium), Ids{"no-menu-entry"});
    EXPECT_NE(said_of(medium).find("/boot/grub/menu.cfg"), std::string::npos);
}

TEST(BootWays, NameTheRdinitThatIsMissing) {
    FakeMedium medium(Arch::aarch64);
    std::string& menu = medium.files[grub_cfg];
    const std::size_t end = menu.find('\n', menu.find("linux /"));
    ASSERT_NE(end, std::string::npos);
    menu.insert(end, " rdinit=/linuxrc");
    EXPECT_EQ(ids_of(medium), Ids{"init-missing"});
    EXPECT_NE(said_of(medium).find("rdinit=/linuxrc"), std::string::npos) << said_of(medium);
}

TEST(BootWays, NeedNormalModUnlessItIsBuiltIn) {
    FakeMedium medium(Arch::aarch64);
    medium.files["/.disk/info"] = "x";
    use_grub(medium, "search --file --set=root /.disk/info\nset prefix=($root)/boot/grub\n", {"search"});
    EXPECT_EQ(ids_of(medium), Ids{"grub-modules-missing"});
    medium.files["/boot/grub/arm64-efi/normal.mod"] = "x";
    EXPECT_EQ(ids_of(medium), Ids{});
}

TEST(BootWays, LeaveOutABranchThatCannotRun) {
    FakeMedium medium(Arch::aarch64);
    medium.files["/.disk/info"] = "x";
    use_grub(medium, by_disk_info);
    const std::string menu = medium.files[grub_cfg];
    medium.files[grub_cfg] =
        "if [ \"$grub_platform\" = pc ]; then\n menuentry x { linux /missing }\nfi\n" + menu;
    EXPECT_EQ(ids_of(medium), Ids{});
    medium.files[grub_cfg] =
        "if [ \"$grub_platform\" = efi ]; then\n menuentry x { linux /missing }\nfi\n" + menu;
    EXPECT_NE(said_of(medium).find("/missing"), std::string::npos);
}

TEST(BootWays, LeadToProgramsThatAreThere) {
    FakeMedium medium(Arch::aarch64);
    medium.files[grub_cfg] += "menuentry Memtest { chainloader /boot/memtest.efi }\n";
    EXPECT_EQ(ids_of(medium), Ids{"reference-missing"});
    EXPECT_NE(said_of(medium).find("/boot/memtest.efi"), std::string::npos);
}

TEST(BootWays, OfRescueEntriesLeadToTheMachinesDisk) {
    FakeMedium medium(Arch::aarch64);
    medium.files[grub_cfg] +=
        "menuentry Installed { search --set=root --label ROOT\n linux /vmlinuz root=LABEL=ROOT ro\n initrd "
        "/i }\n"
        "menuentry Disk { set root=(hd0)\n chainloader +1 }\n";
    EXPECT_EQ(ids_of(medium), Ids{});
}

TEST(BootWays, FindTheMediumByItsOwnUuid) {
    FakeMedium medium(Arch::aarch64);
    medium.files[grub_cfg].insert(0, "search --set=root --fs-uuid 2001-01-01-00-00-00-00\n");
    EXPECT_EQ(ids_of(medium), Ids{"uuid-mismatch"});
}

TEST(BootWays, OfIsolinuxIncludeFiles) {
    FakeMedium medium(Arch::x86_64);
    std::string& config = medium.files["/isolinux/isolinux.cfg"];
    medium.files["/isolinux/live.cfg"] = config;
    config = "INCLUDE live.cfg\nINCLUDE other.cfg\n";
    EXPECT_EQ(ids_of(medium), Ids{}) << "one include of two is there, and has the entries";
    medium.files.erase("/isolinux/live.cfg");
    EXPECT_EQ(ids_of(medium), Ids{"no-menu-entry"});
    EXPECT_NE(said_of(medium).find("live.cfg"), std::string::npos);
}

TEST(Labels, WithABlankAreWrittenAsEachLoaderNeedsIt) {
    FakeMedium medium(Arch::x86_64);
    medium.label = "MY LIVE";
    const auto write = [&](const std::string& grub, const std::string& isolinux) {
        for (const auto& [path, value] : {std::pair{grub_cfg, grub}, {"/isolinux/isolinux.cfg", isolinux}}) {
            std::string& text = medium.files[path];
            text = FakeMedium(Arch::x86_64).files[path];
            for (std::size_t at; (at = text.find("lktest.label=LIVE")) != std::string::npos;)
                text.replace(at, 17, "root=live:CDLABEL=" + value);
        }
    };
    write(R"(MY\\x20LIVE)", R"(MY\x20LIVE)");
    EXPECT_EQ(ids_of(medium), Ids{});
    write(R"(MY\x20LIVE)", R"(MY\x20LIVE)");
    EXPECT_EQ(ids_of(medium), Ids{"label-mismatch"});
    EXPECT_NE(said_of(medium).find(R"(Write MY\\x20LIVE there)"), std::string::npos) << said_of(medium);
    write("MY LIVE", "MY LIVE");
    EXPECT_EQ(ids_of(medium), (Ids{"label-mismatch", "label-mismatch"}));
    EXPECT_NE(said_of(medium).find(R"(Write MY\x20LIVE there)"), std::string::npos) << said_of(medium);
}

TEST(Esp, IsAsLargeAsItsFileSystem) {
    std::string bytes = FakeMedium(Arch::aarch64).bytes();
    const MediumFacts clean = read_medium_facts(ByteView::of_memory(bytes), "live.iso");
    ASSERT_EQ(clean.esps.size(), 1U);
    const std::size_t catalogue = std::size_t{le32(bytes, 17 * 2048 + 71)} * 2048;
    for (std::size_t at = catalogue + 32; at < catalogue + 2048; at += 32)
        if (std::uint64_t{le32(bytes, at + 8)} * 2048 == clean.esps[0].offset && u8(bytes, at) == 0x88)
            put(bytes, at + 6, 100, 2);
    const auto found = find_faults(read_medium_facts(ByteView::of_memory(bytes), "live.iso"));
    ASSERT_FALSE(found.empty());
    EXPECT_EQ(found[0].id, "esp-size");
}

TEST(Esp, OfUnstatedSizeEndsWithTheVolume) {
    std::string bytes = FakeMedium(Arch::aarch64).bytes();
    const MediumFacts clean = read_medium_facts(ByteView::of_memory(bytes), "live.iso");
    ASSERT_EQ(clean.esps.size(), 1U);
    const auto errors = [&bytes] {
        Ids ids;
        for (const IsoFinding& finding :
             find_faults(read_medium_facts(ByteView::of_memory(bytes), "live.iso")))
            if (finding.id == "esp-size")
                ids.push_back(finding.id);
        return ids;
    };
    const std::size_t catalogue = std::size_t{le32(bytes, 17 * 2048 + 71)} * 2048;
    for (std::size_t at = catalogue + 32; at < catalogue + 2048; at += 32)
        if (std::uint64_t{le32(bytes, at + 8)} * 2048 == clean.esps[0].offset && u8(bytes, at) == 0x88)
            put(bytes, at + 6, 0, 2);
    EXPECT_EQ(errors(), Ids{}) << "it is inside the volume";
    constexpr std::size_t volume_blocks = 16 * 2048 + 80;
    put(bytes, volume_blocks, clean.esps[0].offset / 2048, 4);
    EXPECT_EQ(errors(), Ids{"esp-size"}) << "it was appended";
}

TEST(GrubScript, IsParsedAsFarAsItCanBe) {
    const GrubScript script = parse_grub_script(
        "if true; then echo a; elif b; then c; else d; fi\nfor i in 1 2; do x; done\n"
        "function f { g }\nmenuentry \"T $x\" { linux /k }\n");
    EXPECT_EQ(script.error_line, 0U);
    ASSERT_EQ(script.statements.size(), 4U);
    EXPECT_EQ(script.statements[0].branches.size(), 3U);
    EXPECT_EQ(script.statements[3].line, 4U);
    EXPECT_EQ(parse_grub_script("a\nmenuentry x {\n linux /k\n").error_line, 2U);
    EXPECT_EQ(parse_grub_script("a\n}\nb\n").error_line, 2U);
    EXPECT_NE(parse_grub_script("echo 'a\n").error_line, 0U);
    EXPECT_NE(parse_grub_script(std::string(100'000, '{')).error_line, 0U);
    std::string nested;
    for (int i = 0; i < 5'000; ++i)
        nested += "if x; then ";
    EXPECT_NE(parse_grub_script(nested).error_line, 0U);
}

TEST(LoaderConf, NamesAnEntryByPattern) {
    EXPECT_EQ(parse_loader_conf("timeout 3\ndefault arch*\n").pattern, "arch*");
    EXPECT_TRUE(names_an_entry("arch*", {"archiso.conf"}));
    EXPECT_TRUE(names_an_entry("live", {"live+3-1.conf"}));
    EXPECT_TRUE(names_an_entry("Live.conf", {"live.conf"}));
    EXPECT_TRUE(names_an_entry("@saved", {}));
    EXPECT_FALSE(names_an_entry("archiso.conf", {"live.conf"}));
}

}  // namespace
}  // namespace lktest
