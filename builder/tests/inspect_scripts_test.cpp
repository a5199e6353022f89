// SPDX-License-Identifier: MIT
// Mistakes in scripts and menus that their parsers find, and in what live systems look for.
#include <gtest/gtest.h>

#include <algorithm>

#include "builder/inspect/config_text.hpp"
#include "builder/inspect/finding.hpp"
#include "builder/inspect/initramfs_image.hpp"
#include "builder/tests/support/fake_medium.hpp"

namespace lktest {
namespace {

std::string fault_ids(const std::vector<ConfigFault>& faults) {
    std::string ids;
    for (const ConfigFault& fault : faults)
        ids += (ids.empty() ? "" : " ") + fault.id;
    return ids;
}

std::string ipxe(const std::string& text) {
    return fault_ids(parse_ipxe("#!ipxe\n" + text).faults);
}

TEST(Scripts, OfIpxe) {
    EXPECT_EQ(ipxe("kernel vmlinuz initrd=i.img\ninitrd i.img\nboot\n"), "");
    EXPECT_EQ(ipxe("initrd --name rd x/i.img\nkernel x/vmlinuz initrd=rd\nboot\n"), "");
    EXPECT_EQ(ipxe("kernel vmlinuz ${args}\ninitrd i.img\nboot\n"), "");
    EXPECT_EQ(ipxe("kernel vmlinuz\ninitrd i.img\nimgargs vmlinuz initrd=i.img\nboot\n"), "");
    EXPECT_EQ(ipxe("kernel vmlinuz quiet\ninitrd http://s/i.img?x=1\nboot\n"), "ipxe-no-initrd-argument");
    EXPECT_EQ(ipxe("kernel vmlinuz initrd=i.gz\ninitrd i.img\nboot\n"), "ipxe-initrd-name");
    EXPECT_EQ(ipxe("kernel vmlinuz\ninitrd i.img\nimgargs linux initrd=i.img\nboot\n"), "ipxe-imgargs");
    EXPECT_EQ(ipxe("kernel vmlinuz initrd=i.img\ninitrd i.img\n"), "ipxe-no-boot");
    EXPECT_EQ(ipxe("menu m\nitem --gap x\nitem --key l live Live\nchoose t && goto ${t}\n:live\nexit\n"), "");
    EXPECT_EQ(ipxe("menu m\nitem live Live\nchoose t && goto ${t}\n:life\nexit\n"), "ipxe-label-missing");
    EXPECT_EQ(ipxe("dhcp || goto failed\nexit\n"), "ipxe-label-missing");
    EXPECT_EQ(fault_ids(parse_ipxe("dhcp\n").faults), "ipxe-no-mark");
}

TEST(Scripts, OfSyslinuxKeepOnlyTheLastAppend) {
    const BootConfig config = parse_syslinux(
        "LABEL l\n KERNEL /k\n APPEND initrd=/i boot=live\n APPEND quiet\nLABEL m\n KERNEL /k\n");
    EXPECT_EQ(fault_ids(config.faults), "syslinux-append-twice");
    ASSERT_EQ(config.entries.size(), 2U);
    EXPECT_TRUE(config.entries[0].initrds.empty());
    EXPECT_EQ(config.entries[0].command_line, "quiet");
    EXPECT_EQ(
        fault_ids(parse_syslinux("APPEND a\nLABEL l\n KERNEL /k\n APPEND b\nLABEL m\n APPEND c\n").faults),
        "");
}

TEST(Scripts, AsTheyWereSaved) {
    const auto ids = [](const std::string& text) { return fault_ids(judge_text(BootLoader::grub, text)); };
    EXPECT_EQ(
        ids("menuentry 'Live \xe2\x80\x9cx\xe2\x80\x9d' {\n# \xe2\x80\x93 remark\necho \xe2\x80\x9cx\n}\n"),
        "");
    EXPECT_EQ(ids("menuentry \xe2\x80\x9cLive\xe2\x80\x9d {\n"), "config-typographic");
    EXPECT_EQ(ids("search \xe2\x80\x93set=root --file /x\n"), "config-typographic");
    EXPECT_EQ(ids("\xef\xbb\xbf# a remark\n"), "");
    EXPECT_EQ(ids("\xef\xbb\xbfmenuentry x {\n"), "config-byte-order-mark");
    EXPECT_EQ(ids(std::string("\xff\xfes\0e\0t\0", 8)), "config-utf16");
    EXPECT_EQ(fault_ids(judge_text(BootLoader::syslinux, "MENU LABEL \xe2\x80\x98Live\xe2\x80\x99\n")), "");
    EXPECT_EQ(fault_ids(judge_text(BootLoader::syslinux, "APPEND \xe2\x80\x93quiet\n")),
              "config-typographic");
}

std::string text_of_fault(const FakeMedium& medium, const std::string& id) {
    const auto found = find_faults(read_medium_facts(ByteView::of_memory(medium.bytes()), "live.iso"));
    const auto one = std::ranges::find(found, id, &IsoFinding::id);
    return one == found.end() ? "" : one->text;
}

TEST(Scripts, OfIsolinuxNeedADefault) {
    FakeMedium medium(Arch::x86_64);
    std::string& menu = medium.files["/isolinux/isolinux.cfg"];
    EXPECT_EQ(text_of_fault(medium, "syslinux-no-default"), "");
    menu = "LABEL l\n KERNEL /boot/vmlinuz\n APPEND initrd=/boot/initrd.img\n";
    EXPECT_NE(text_of_fault(medium, "syslinux-no-default"), "");
    menu = "DEFAULT l\n" + menu;
    EXPECT_EQ(text_of_fault(medium, "syslinux-no-default"), "");
}

TEST(Initramfs, OfAnotherFormatIsNamed) {
    const auto said = [](std::string bytes) {
        bytes.resize(1024);
        const std::vector<ByteView> files{ByteView::of_memory(bytes)};
        const InitramfsImage image = read_initramfs(files);
        return image.fault + " " + image.remedy;
    };
    EXPECT_NE(said("070707000000").find("odc"), std::string::npos);
    EXPECT_NE(said("\xc7\x71").find("cpio -o -H newc"), std::string::npos);
    EXPECT_NE(said(std::string("\x27\x05\x19\x56", 4)).find("mkimage"), std::string::npos);
    EXPECT_NE(said(std::string(257, 'n') + "ustar").find("tar archive"), std::string::npos);
}

/// The medium's menu with these parameters, and more files.
FakeMedium with_words_and_files(const std::string& parameters, const std::vector<std::string>& files) {
    FakeMedium medium(Arch::aarch64);
    std::string& menu = medium.files[grub_cfg];
    menu.insert(menu.find('\n', menu.find("linux /")), " " + parameters);
    for (const std::string& file : files)
        medium.files[file] = "text\n";
    return medium;
}

TEST(LiveParameters, NameFilesOfTheMedium) {
    const char* const image = "live-image-missing";
    EXPECT_NE(text_of_fault(with_words_and_files("cdroot loop=/image.squashfs", {}), image), "");
    EXPECT_EQ(text_of_fault(with_words_and_files("loop=/image.squashfs", {}), image), "");
    EXPECT_NE(text_of_fault(with_words_and_files("boot=live", {"/live/filesystem.module"}), image)
                  .find("/live/text"),
              std::string::npos);
    EXPECT_EQ(
        text_of_fault(with_words_and_files("boot=live", {"/live/filesystem.module", "/live/text"}), image),
        "");
    EXPECT_NE(text_of_fault(with_words_and_files("init=/nix/store/x/init", {}), image).find("nix-store"),
              std::string::npos);
    EXPECT_NE(text_of_fault(with_words_and_files("bootid=other", {"/conf/bootid.txt"}), "live-uuid-mismatch"),
              "");
    EXPECT_EQ(text_of_fault(with_words_and_files("bootid=text", {"/conf/bootid.txt"}), "live-uuid-mismatch"),
              "");
}

TEST(LiveParameters, OfInstallersNameTheirFiles) {
    const std::string seed = "'ds=nocloud;s=/cdrom/nocloud/'";
    const char* const answers = "installer-answers-missing";
    EXPECT_NE(
        text_of_fault(with_words_and_files(seed, {"/nocloud/user-data"}), answers).find("/nocloud/meta-data"),
        std::string::npos);
    EXPECT_EQ(
        text_of_fault(with_words_and_files(seed, {"/nocloud/user-data", "/nocloud/meta-data"}), answers), "");
    const auto stage = [](const std::string& label, const std::vector<std::string>& files) {
        FakeMedium medium = with_words_and_files("inst.stage2=hd:LABEL=" + label, files);
        medium.initramfs.put_file("/lib/anaconda-lib.sh", "x", 0755);
        return text_of_fault(medium, "installer-image-missing");
    };
    EXPECT_NE(stage("LIVE", {}), "");
    EXPECT_EQ(stage("OTHER", {}), "");
    EXPECT_EQ(stage("LIVE", {"/images/install.img"}), "");
}

}  // namespace
}  // namespace lktest
