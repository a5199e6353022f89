// SPDX-License-Identifier: MIT
// Small files that would fill the memory of a parser without limits, at ten times each limit or more.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "builder/inspect/boot_config.hpp"
#include "builder/inspect/finding.hpp"
#include "builder/inspect/initramfs_image.hpp"
#include "builder/inspect/iso_tree.hpp"
#include "builder/inspect/limits.hpp"
#include "builder/inspect/path_lookup.hpp"
#include "builder/tests/support/hostile_iso.hpp"

namespace lktest {
namespace {

std::string repeated(std::string_view text, std::size_t times) {
    std::string all;
    for (std::size_t i = 0; i < times; ++i)
        all += text;
    return all;
}

std::size_t bytes_of_names(const IsoTree& tree) {
    std::size_t sum = 0;
    for (const auto& [path, node] : tree.nodes)
        sum += path.size() + node.target.size();
    return sum;
}

std::size_t bytes_of(const BootConfig& config) {
    std::size_t sum = 0;
    for (const BootEntry& entry : config.entries) {
        sum += entry.title.size() + entry.kernel.path.size() + entry.command_line.size();
        for (const NamedFile& initrd : entry.initrds)
            sum += initrd.path.size();
    }
    for (const LabelUse& use : config.labels)
        sum += use.label.size() + use.written.size();
    return sum;
}

std::string cpio_entry(const std::string& name, unsigned mode, std::string_view content) {
    std::string entry =
        fmt::format("070701{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}", 1,
                    mode, 0, 0, 1, 0, content.size(), 0, 0, 0, 0, name.size() + 1, 0) +
        name + '\0';
    entry.resize((entry.size() + 3) / 4 * 4);
    entry += content;
    entry.resize((entry.size() + 3) / 4 * 4);
    return entry;
}

InitramfsImage read_archive(std::string archive) {
    archive += cpio_entry("TRAILER!!!", 0, "");
    const ByteView image = ByteView::of_memory(std::move(archive));
    return read_initramfs(std::span(&image, 1));
}

/// Names that share continuation areas of 8 KiB and fill them.
TEST(InspectBounds, NamesOfAnIsoAreCutAt255Bytes) {
    using Use = HostileIso::Use;
    HostileIso iso;
    std::string area = repeated(Use::name(std::string(250, 'a'), true), 32);
    std::uint32_t block = iso.add(area);
    for (int i = 0; i < 14; ++i)
        block = iso.add(area.substr(0, area.size() - 255) + Use::elsewhere(block, 8192));
    std::vector<std::string> records;
    for (int i = 0; i < 2000; ++i)
        records.push_back(
            HostileIso::record(fmt::format("F{:07}", i), 0, 0,
                               Use::name(fmt::format("{}", i), true) + Use::elsewhere(block, 8192)));
    const IsoTree tree = read_iso_tree(ByteView::of_memory(iso.finish(records)));
    EXPECT_TRUE(tree.damaged);
    ASSERT_EQ(tree.nodes.size(), 2000U);
    EXPECT_EQ(bytes_of_names(tree), 2000U * 256);
}

TEST(InspectBounds, ADirectoryThatHoldsItselfIsReadOnce) {
    using Use = HostileIso::Use;
    constexpr std::uint32_t own = 20, size = HostileIso::sector;
    HostileIso iso;
    ASSERT_EQ(
        iso.add(HostileIso::record({"\0", 1}, own, size, "", 2) + HostileIso::record("\1", own, size, "", 2) +
                HostileIso::record("SELF", own, size, Use::name("self"), 2)),
        own);
    const IsoTree tree = read_iso_tree(
        ByteView::of_memory(iso.finish({HostileIso::record("D", own, size, Use::name("d"), 2)})));
    EXPECT_TRUE(tree.damaged);
    EXPECT_EQ(tree.nodes.size(), 2U) << "/d and /d/self";
}

TEST(IsoTree, JoinsThePartsOfANameAndTheExtentsOfAFile) {
    using Use = HostileIso::Use;
    constexpr char more_extents = '\x80';
    HostileIso iso;
    const std::uint32_t first = iso.add(std::string(HostileIso::sector, 'a')), second = iso.add("bcd");
    const std::string name = Use::name("a long ", true) + Use::name("name");
    const IsoTree tree = read_iso_tree(ByteView::of_memory(
        iso.finish({HostileIso::record("A", first, HostileIso::sector, name, more_extents),
                    HostileIso::record("A", second, 3, name)})));
    ASSERT_TRUE(tree.nodes.contains("/a long name"));
    const IsoNode& file = tree.nodes.at("/a long name");
    EXPECT_EQ(file.size, HostileIso::sector + 3);
    EXPECT_EQ(file.content.read(HostileIso::sector - 1, 10), "abcd");
}

/// Every record continues the same file.
TEST(InspectBounds, ExtentsOfAFileCountAsFilesDo) {
    constexpr char more_extents = '\x80';
    HostileIso iso;
    const std::string record = HostileIso::record("A", 0, 1, "", more_extents);
    const std::vector<std::string> records(3'000'000, record);
    EXPECT_TRUE(read_iso_tree(ByteView::of_memory(iso.finish(records))).damaged);
}

TEST(InspectBounds, PathsOfMoreThan4KiBAreNotFollowed) {
    std::size_t looked = 0;
    const auto link = [&](const std::string& path) -> std::optional<std::string> {
        ++looked;
        return path == "/a" ? std::optional<std::string>(repeated("a/", 2000)) : std::nullopt;
    };
    follow_links(repeated("/a", 20'000), link);
    EXPECT_EQ(looked, 0U);
    follow_links("/a/a", link);
    EXPECT_LE(looked, 1024U);
}

TEST(InspectBounds, GrubVariablesDoNotGrowWithEachOther) {
    std::string text = "set p=" + std::string(8000, 'x') + "\nset v0=y\n";
    for (int i = 1; i < 3990; ++i)
        text += fmt::format("set v{}=$p$v{}\n", i, i - 1);
    text += "menuentry a { linux /k root=$v3989 ; }\n";
    const BootConfig config = parse_grub(text);
    ASSERT_EQ(config.entries.size(), 1U);
    EXPECT_FALSE(config.entries[0].certain);
    EXPECT_LT(bytes_of(config), 64U << 10);
}

TEST(InspectBounds, GrubCommandsDoNotGrowWithTheirVariables) {
    const std::string text =
        "set p=" + std::string(8000, 'x') + "\nset q=LABEL=$p\n" +
        repeated("menuentry a { linux /k " + repeated("$p root=$q ", 400) + " ; }\n", 100);
    const BootConfig config = parse_grub(text);
    EXPECT_LE(bytes_of(config), (100U * command_line_limit) + (label_limit * 2U * 8192));
    EXPECT_LE(config.labels.size(), label_limit);
    for (const BootEntry& entry : config.entries)
        EXPECT_FALSE(entry.certain);
}

TEST(InspectBounds, EntriesKeepAFewInitrds) {
    const std::string names = repeated(" /initrd", 160);
    const std::string list = repeated(",/initrd", 160).substr(1);
    for (const BootConfig& config : {parse_grub("menuentry a {\nlinux /k\ninitrd" + names + "\n}\n"),
                                     parse_syslinux("LABEL a\nLINUX /k\nINITRD " + list + "\n"),
                                     parse_loader_entry("linux /k\n" + repeated("initrd /initrd\n", 160))}) {
        ASSERT_EQ(config.entries.size(), 1U) << name(config.loader);
        EXPECT_EQ(config.entries[0].initrds.size(), initrd_limit) << name(config.loader);
    }
}

/// Settings before the first LABEL apply to every entry.
TEST(InspectBounds, SyslinuxsDefaultCommandLineIsNotCopiedAtAnyLength) {
    const BootConfig config = parse_syslinux("APPEND " + repeated("root=LABEL=x ", 50'000) + "\n" +
                                             repeated("LABEL a\nLINUX /k\n", 256));
    ASSERT_EQ(config.entries.size(), 256U);
    EXPECT_FALSE(config.entries[0].certain);
    EXPECT_LE(bytes_of(config), 256U * (command_line_limit + 16) + label_limit * 32);
}

TEST(InspectBounds, ModulesOfAnInitramfsAreCounted) {
    std::string archive;
    int number = 0;
    for (int file = 0; file < 40; ++file) {
        std::string index;
        while (index.size() < 4U << 20)
            index += fmt::format("{:x}.ko\n", number++);
        archive += cpio_entry(fmt::format("lib/modules/{}/modules.builtin", file), 0100644, index);
    }
    EXPECT_LE(read_archive(std::move(archive)).modules.size(), 50'000U);
}

TEST(InspectBounds, NamesAndLinksOfAnInitramfsAreBoundedInAll) {
    std::string archive;
    for (int i = 0; i < 100'000; ++i)
        archive +=
            cpio_entry(fmt::format("{:09}", i) + std::string(4000, 'a'), 0120777, std::string(4000, 't'));
    const InitramfsImage read = read_archive(std::move(archive));
    EXPECT_LT(read.files, 10'000U);
    EXPECT_NE(read.fault, "");
}

/// Configurations of many menus, each entry of which has a long command line.
TEST(InspectBounds, MenusOfAMediumAreBoundedInAll) {
    HostileIso iso;
    const std::string menu =
        "set p=" + std::string(8000, 'x') + "\n" + repeated("menuentry a { linux /k $p ; }\n", 120);
    const auto size = static_cast<std::uint32_t>(menu.size());
    const std::uint32_t block = iso.add(menu);
    std::vector<std::string> records;
    for (int i = 0; i < 640; ++i)
        records.push_back(HostileIso::record(fmt::format("F{}", i), block, size,
                                             HostileIso::Use::name(fmt::format("grub{}.cfg", i))));
    records.push_back(HostileIso::record("G", block, size, HostileIso::Use::name("grub.cfg")));
    const MediumFacts facts = read_medium_facts(ByteView::of_memory(iso.finish(records)), "x.iso");
    std::size_t entries = 0;
    for (const ConfigFacts& config : facts.configs)
        entries += config.entries.size();
    EXPECT_LE(entries, 1024U);
    find_faults(facts);
}

}  // namespace
}  // namespace lktest
