// SPDX-License-Identifier: MIT
// Findings about kernel parameters that installers read, ISOLINUX's load size, and media for boards.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "builder/base/file.hpp"
#include "builder/inspect/finding.hpp"
#include "builder/inspect/netboot_tree.hpp"
#include "builder/tests/support/fake_medium.hpp"

namespace lktest {
namespace {

std::vector<IsoFinding> found_in(const std::string& bytes) {
    return find_faults(read_medium_facts(ByteView::of_memory(bytes), "live.iso"));
}

bool has(const std::vector<IsoFinding>& findings, const std::string& id) {
    return std::ranges::find(findings, id, &IsoFinding::id) != findings.end();
}

/// A medium whose only menu passes this parameter, too.
FakeMedium medium_with(const std::string& parameter) {
    FakeMedium medium(Arch::aarch64);
    std::string& menu = medium.files["/boot/grub/grub.cfg"];
    const std::string kernel = "/boot/vmlinuz";
    for (std::size_t at = 0; (at = menu.find(kernel, at)) != std::string::npos; at += kernel.size())
        menu.insert(at + kernel.size(), " " + parameter);
    return medium;
}

TEST(InspectParameters, AnInstallersAnswersMustBeOnTheMedium) {
    for (const auto& [parameter, path] :
         {std::pair("preseed/file=/cdrom/auto/answers.cfg", "/auto/answers.cfg"),
          std::pair("inst.ks=cdrom:/office.ks", "/office.ks"),
          std::pair("inst.ks=hd:LABEL=LIVE:/office.ks", "/office.ks")}) {
        FakeMedium medium = medium_with(parameter);
        EXPECT_TRUE(has(found_in(medium.bytes()), "installer-answers-missing")) << parameter;
        medium.files[path] = "answers";
        EXPECT_FALSE(has(found_in(medium.bytes()), "installer-answers-missing")) << parameter;
    }
}

TEST(InspectParameters, AnswersElsewhereAreNotExpectedOnTheMedium) {
    for (const char* parameter : {"preseed/file=/hdd/answers.cfg", "inst.ks=http://server/office.ks",
                                  "inst.ks=hd:LABEL=MAKER:/office.ks"})
        EXPECT_FALSE(has(found_in(medium_with(parameter).bytes()), "installer-answers-missing")) << parameter;
}

TEST(InspectParameters, TheKernelCutsALongCommandLine) {
    EXPECT_FALSE(has(found_in(medium_with(std::string(1500, 'x')).bytes()), "command-line-too-long"));
    EXPECT_TRUE(has(found_in(medium_with(std::string(2100, 'x')).bytes()), "command-line-too-long"));
}

TEST(InspectParameters, IsolinuxNeedsFourSectors) {
    std::string bytes = FakeMedium(Arch::x86_64).bytes();
    EXPECT_FALSE(has(found_in(bytes), "isolinux-load-size"));
    // The boot record names the catalogue's block; its second entry is that of the BIOS.
    std::size_t catalogue = 0;
    for (int i = 3; i >= 0; --i)
        catalogue =
            catalogue << 8 | static_cast<unsigned char>(bytes[17 * 2048 + 71 + static_cast<std::size_t>(i)]);
    put(bytes, catalogue * 2048 + 32 + 6, 1, 2);
    EXPECT_TRUE(has(found_in(bytes), "isolinux-load-size"));
}

TEST(NetbootTree, HoldsTheListedNamesWithTheirContents) {
    const TempDir server;
    std::filesystem::create_directories(server.path() / "pxelinux.cfg");
    write_file(server.path() / "pxelinux.cfg/default", "DEFAULT x");
    write_file(server.path() / "vmlinuz", "kernel");
    std::filesystem::create_symlink("vmlinuz", server.path() / "linux");
    const NetbootListing listing = list_netboot(server.path());
    EXPECT_EQ(listing.files, (std::vector<std::string>{"/vmlinuz", "/pxelinux.cfg/default"}));
    EXPECT_EQ(listing.links, std::vector<std::string>{"/linux"});
    const IsoTree tree = netboot_tree(listing, {ByteView::of_memory("kernel"), ByteView::of_memory("menu")});
    ASSERT_TRUE(tree.nodes.contains("/pxelinux.cfg/default"));
    EXPECT_EQ(tree.nodes.at("/pxelinux.cfg/default").content.read(0, 9), "menu");
    EXPECT_TRUE(tree.nodes.at("/pxelinux.cfg").directory);
    EXPECT_EQ(tree.nodes.at("/linux").target, "vmlinuz");
}

TEST(NetbootTree, WithoutAnythingThatBootsIsAnError) {
    const NetbootListing listing{.directories = {}, .files = {"/notes.txt"}, .links = {}, .targets = {}};
    const MediumFacts facts =
        read_netboot_facts(netboot_tree(listing, {ByteView::of_memory("hello")}), "srv");
    EXPECT_TRUE(has(find_faults(facts), "nothing-to-boot"));
}

}  // namespace
}  // namespace lktest
