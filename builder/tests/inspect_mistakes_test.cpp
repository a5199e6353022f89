// SPDX-License-Identifier: MIT
// Mistakes in menus and parameters that other people's media had.
#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "builder/inspect/finding.hpp"
#include "builder/inspect/netboot_tree.hpp"
#include "builder/tests/support/fake_medium.hpp"

namespace lktest {
namespace {

std::string text_of(const std::vector<IsoFinding>& findings, const std::string& id) {
    const auto found = std::ranges::find(findings, id, &IsoFinding::id);
    return found == findings.end() ? "" : found->text;
}

std::vector<IsoFinding> faults_of(const FakeMedium& medium) {
    return find_faults(read_medium_facts(ByteView::of_memory(medium.bytes()), "live.iso"));
}

/// The medium's menu, with text after the kernel's parameters.
FakeMedium with_menu_text(const std::string& text) {
    FakeMedium medium(Arch::aarch64);
    std::string& menu = medium.files[grub_cfg];
    menu.insert(menu.find('\n', menu.find("linux /")), text);
    return medium;
}

TEST(InspectMistakes, AnUnquotedSemicolonCutsParametersOff) {
    const char* const id = "grub-parameter-cut";
    EXPECT_NE(text_of(faults_of(with_menu_text(" ds=nocloud;s=/cdrom/x/ quiet")), id).find("'s=/cdrom/x/'"),
              std::string::npos);
    EXPECT_EQ(text_of(faults_of(with_menu_text(" 'ds=nocloud;s=/cdrom/x/' quiet")), id), "");
    EXPECT_EQ(text_of(faults_of(with_menu_text(" ds=nocloud\\;s=/cdrom/x/; set timeout=3")), id), "");
}

TEST(InspectMistakes, GrubExpandsAPasswordsHash) {
    const char* const id = "grub-dollar";
    EXPECT_NE(text_of(faults_of(with_menu_text(" rootpw=$6$salt$hash")), id), "");
    EXPECT_EQ(text_of(faults_of(with_menu_text(" 'rootpw=$6$salt$hash'")), id), "");
    EXPECT_EQ(text_of(faults_of(with_menu_text(" findiso=$iso_path $cmdline$more")), id), "");
}

TEST(InspectMistakes, AnInitrdBeforeItsKernel) {
    FakeMedium medium(Arch::aarch64);
    std::string& menu = medium.files[grub_cfg];
    const std::size_t linux_at = menu.find("linux /"), initrd_at = menu.find("initrd /");
    ASSERT_LT(linux_at, initrd_at);
    const std::string initrd = menu.substr(initrd_at, menu.find('\n', initrd_at) + 1 - initrd_at);
    EXPECT_EQ(text_of(faults_of(medium), "grub-initrd-before-linux"), "");
    menu.erase(initrd_at, initrd.size());
    menu.insert(linux_at, initrd);
    EXPECT_NE(text_of(faults_of(medium), "grub-initrd-before-linux"), "");
}

TEST(InspectMistakes, ACommandThatTheMediumsGrubDoesNotHave) {
    FakeMedium medium(Arch::aarch64);
    medium.files["/.disk/info"] = "x";
    medium.files[grub_aa64] = medium.esp[grub_aa64] =
        fake_grub(0xaa64, "search --file --set=root /.disk/info\nset prefix=($root)/boot/grub\n",
                  "/boot/grub", {"normal"});
    std::string& menu = medium.files[grub_cfg];
    menu.insert(menu.find("linux /") + 5, "16");
    EXPECT_NE(text_of(faults_of(medium), "grub-command-missing").find("linux16"), std::string::npos);
    medium.files["/boot/grub/arm64-efi/command.lst"] = "*linux: linux\nlinux16: linux16\n";
    EXPECT_EQ(text_of(faults_of(medium), "grub-command-missing"), "");
}

TEST(InspectMistakes, ALoopDeviceNeedsItsFile) {
    FakeMedium medium(Arch::aarch64);
    medium.files[grub_cfg] +=
        "menuentry Other {\n set iso=/iso/other.iso\n loopback loop $iso\n linux (loop)/vmlinuz\n}\n";
    EXPECT_NE(text_of(faults_of(medium), "reference-missing").find("/iso/other.iso"), std::string::npos);
    medium.files["/iso/other.iso"] = "iso";
    EXPECT_EQ(text_of(faults_of(medium), "reference-missing"), "");
}

TEST(InspectMistakes, TheIsoFileThatAParameterNames) {
    for (const char* parameter : {" findiso=/iso/live.iso", " iso-scan/filename=/iso/live.iso"}) {
        FakeMedium medium = with_menu_text(parameter);
        EXPECT_NE(text_of(faults_of(medium), "iso-file-missing"), "") << parameter;
        medium.files["/iso/live.iso"] = "iso";
        EXPECT_EQ(text_of(faults_of(medium), "iso-file-missing"), "") << parameter;
    }
    EXPECT_EQ(text_of(faults_of(with_menu_text(" findiso=${iso_path}")), "iso-file-missing"), "");
}

TEST(InspectMistakes, AnswersOnThisMediumUnderAnotherLabel) {
    FakeMedium medium = with_menu_text(" inst.ks=hd:LABEL=MAKER:/office.ks");
    EXPECT_EQ(text_of(faults_of(medium), "installer-answers-missing"), "") << "another stick may have them";
    medium.files["/office.ks"] = "text";
    EXPECT_NE(text_of(faults_of(medium), "installer-answers-missing").find("MAKER"), std::string::npos);
}

TEST(InspectMistakes, FirmwareDoesNotKnowEveryLoadersName) {
    FakeMedium medium(Arch::aarch64);
    const std::string loader = medium.esp.at("/EFI/BOOT/BOOTAA64.EFI");
    medium.esp.erase("/EFI/BOOT/BOOTAA64.EFI");
    medium.esp["/EFI/BOOT/BOOTARM64.EFI"] = loader;
    EXPECT_NE(text_of(faults_of(medium), "efi-loader-missing").find("BOOTARM64.EFI"), std::string::npos);
}

TEST(OtherConfigs, OfRefindListLinuxStanzas) {
    const BootConfig config = parse_refind(
        "timeout 5\nmenuentry \"Live\" {\n  loader \\live\\vmlinuz\n  initrd /live/initrd.img\n"
        "  options \"root=live:LABEL=LIVE quiet\"\n  submenuentry \"Safe\" {\n    options \"single\"\n  "
        "}\n}\n"
        "menuentry Windows {\n  loader \\EFI\\Microsoft\\Boot\\bootmgfw.efi\n}\n"
        "menuentry Off {\n  loader /x\n  options a\n  disabled\n}\n"
        "menuentry Disk {\n  volume ROOT\n  loader /boot/vmlinuz\n  initrd /boot/i\n}\n");
    ASSERT_EQ(config.entries.size(), 1U);
    EXPECT_EQ(config.entries[0].title, "Live");
    EXPECT_EQ(config.entries[0].kernel.path, "/live/vmlinuz");
    EXPECT_EQ(config.entries[0].kernel.line, 3U);
    EXPECT_EQ(config.entries[0].command_line, "root=live:LABEL=LIVE quiet");
    ASSERT_EQ(config.labels.size(), 1U);
    EXPECT_EQ(config.labels[0].label, "LIVE");
}

TEST(OtherConfigs, OfLimineInBothForms) {
    const BootConfig config = parse_limine(
        "timeout: 3\n/Live\n    protocol: linux\n    kernel_path: boot():/vmlinuz#abc\n    module_path: "
        "boot():/initrd\n    cmdline: quiet\n/Own\n    protocol: limine\n    path: boot():/kernel.elf\n");
    ASSERT_EQ(config.entries.size(), 1U);
    EXPECT_EQ(config.entries[0].kernel.path, "/vmlinuz");
    EXPECT_TRUE(config.entries[0].kernel.certain);
    EXPECT_EQ(config.entries[0].initrds.at(0).path, "/initrd");
    const BootConfig old = parse_limine(
        ":Live\nPROTOCOL=linux\nKERNEL_PATH=boot:///vmlinuz\nMODULE_PATH=uuid://1234/initrd\nCMDLINE=a b\n");
    ASSERT_EQ(old.entries.size(), 1U);
    EXPECT_EQ(old.entries[0].kernel.path, "/vmlinuz");
    EXPECT_FALSE(old.entries[0].initrds.at(0).certain) << "another volume";
    EXPECT_EQ(old.entries[0].command_line, "a b");
}

TEST(OtherConfigs, OfARaspberryPiNameTheFilesForEveryBoard) {
    const BootConfig config = parse_raspberry_pi(
        "arm_64bit=1\nos_prefix=new/\nkernel=kernel8.img\n[pi5]\nkernel=kernel_2712.img\n[all]\n"
        "initramfs one,two followkernel\n");
    ASSERT_EQ(config.entries.size(), 1U);
    EXPECT_EQ(config.entries[0].kernel.path, "new/kernel8.img");
    ASSERT_EQ(config.entries[0].initrds.size(), 2U);
    EXPECT_EQ(config.entries[0].initrds[1].path, "new/two");
    const BootConfig only = parse_raspberry_pi("initramfs initramfs8 followkernel\n");
    ASSERT_EQ(only.entries.size(), 1U);
    EXPECT_EQ(only.entries[0].extras.at(0).file.path, "initramfs8");
    EXPECT_TRUE(parse_raspberry_pi("gpu_mem=16\n").entries.empty());
}

TEST(OtherConfigs, OfSyslinuxNameDeviceTrees) {
    const BootConfig config =
        parse_syslinux("LABEL l\n KERNEL /Image\n FDT /board.dtb\nLABEL m\n KERNEL /Image\n FDTDIR /dtbs\n");
    ASSERT_EQ(config.entries.size(), 2U);
    EXPECT_EQ(config.entries[0].extras.at(0).file.path, "/board.dtb");
    EXPECT_FALSE(config.entries[0].extras[0].directory);
    EXPECT_TRUE(config.entries[1].extras.at(0).directory);
}

/// The findings about a boot server's directory with these files.
std::vector<IsoFinding> served(const std::vector<std::pair<std::string, std::string>>& files) {
    NetbootListing listing;
    std::vector<ByteView> contents;
    for (const auto& [path, content] : files) {
        listing.files.push_back(path);
        contents.push_back(ByteView::of_memory(content));
    }
    return find_faults(read_netboot_facts(netboot_tree(listing, std::move(contents)), "tftp", {}));
}

TEST(InspectMistakes, PxelinuxNeedsItsModulesAndItsMenu) {
    const std::string loader = "x PXELINUX 6.04 y";
    const std::string menu = "DEFAULT vesamenu.c32\nLABEL l\n KERNEL vmlinuz\n";
    EXPECT_NE(
        text_of(served({{"/pxelinux.0", loader}, {"/pxelinux.cfg/default", menu}}), "pxelinux-module-missing")
            .find("ldlinux.c32, libcom32.c32"),
        std::string::npos);
    const auto whole = served({{"/pxelinux.0", loader},
                               {"/pxelinux.cfg/default", menu},
                               {"/syslinux/ldlinux.c32", "x"},
                               {"/syslinux/vesamenu.c32", "x"},
                               {"/syslinux/libcom32.c32", "x"},
                               {"/syslinux/libutil.c32", "x"}});
    EXPECT_EQ(text_of(whole, "pxelinux-module-missing"), "");
    EXPECT_EQ(text_of(whole, "pxelinux-config-missing"), "");
    EXPECT_NE(text_of(served({{"/pxelinux.0", loader}, {"/ldlinux.c32", "x"}}), "pxelinux-config-missing"),
              "");
    // As in Debian's directory.
    NetbootListing linked;
    linked.directories = {"/pxelinux.cfg"};
    linked.files = {"/pxelinux.0", "/ldlinux.c32"};
    linked.links = {"/pxelinux.cfg/default"};
    linked.targets = {"../boot-screens/syslinux.cfg"};
    IsoTree tree = netboot_tree(linked, {ByteView::of_memory(loader), ByteView::of_memory("x")});
    EXPECT_EQ(
        text_of(find_faults(read_netboot_facts(std::move(tree), "tftp", {})), "pxelinux-config-missing"), "");
}

TEST(InspectMistakes, AServedGrubNeedsAMenu) {
    const std::string grub = fake_grub(0xaa64, "", "/grub", {"normal"});
    EXPECT_NE(text_of(served({{"/grubaa64.efi", grub}}), "no-menu-entry").find("grub.cfg"),
              std::string::npos);
    EXPECT_EQ(text_of(served({{"/grubaa64.efi", grub}, {"/grub/grub.cfg", "menuentry x { linux /v }"}}),
                      "no-menu-entry"),
              "");
}

}  // namespace
}  // namespace lktest
