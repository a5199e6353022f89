// SPDX-License-Identifier: MIT
#include "harness/net/netboot.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "builder/base/beneath.hpp"
#include "builder/base/file.hpp"
#include "firmware/kind.hpp"

namespace lktest {
namespace {
namespace fs = std::filesystem;

bool has(const std::vector<std::string>& options, std::string_view option) {
    return std::ranges::find(options, option) != options.end();
}

class NetBootTree : public testing::Test {
protected:
    void add(const std::string& file) {
        make_directories((tree() / file).parent_path());
        write_file(tree() / file, "");
    }
    fs::path tree() const { return directory_.path() / "tree"; }
    std::string file_for(Arch arch, Firmware firmware, bool http = false) {
        return boot_file(tree(), {build_of(firmware, arch)->efi_suffix, http})
            .value_or("nothing")
            .generic_string();
    }

private:
    TempDir directory_;
};

TEST_F(NetBootTree, OffersPxeClientsTheLoaderOfTheirArchitecture) {
    for (const char* file :
         {"lpxelinux.0", "bootx64.efi", "grubx64.efi", "bootia32.efi", "bootaa64.efi", "httpboot.img"})
        add(file);
    const auto options = dnsmasq_options({tree(), false});
    EXPECT_TRUE(has(options, "--dhcp-match=set:bios,option:client-arch,0"));
    EXPECT_TRUE(has(options, "--dhcp-boot=tag:bios,lpxelinux.0"));
    EXPECT_TRUE(has(options, "--dhcp-boot=tag:x64,bootx64.efi"));
    EXPECT_TRUE(has(options, "--dhcp-match=set:ia32,option:client-arch,6"));
    EXPECT_TRUE(has(options, "--dhcp-boot=tag:ia32,bootia32.efi"));
    EXPECT_TRUE(has(options, "--dhcp-match=set:aa64,option:client-arch,11"));
    EXPECT_TRUE(has(options, "--dhcp-boot=tag:aa64,bootaa64.efi"));
    EXPECT_TRUE(
        std::ranges::none_of(options, [](const auto& option) { return option.find("http") != option.npos; }));
}

TEST_F(NetBootTree, OffersHttpClientsAnAddressAndNothingToPxe) {
    add("httpboot.img");
    add("lpxelinux.0");
    const auto options = dnsmasq_options({tree(), true});
    EXPECT_TRUE(has(options, "--dhcp-match=set:aa64-http,option:client-arch,19"));
    EXPECT_TRUE(has(options, "--dhcp-boot=tag:aa64-http,http://192.168.2.1/httpboot.img"));
    EXPECT_TRUE(has(options, "--dhcp-option-force=tag:x64-http,60,HTTPClient"));
    EXPECT_TRUE(
        std::ranges::none_of(options, [](const auto& option) { return option.find("bios") != option.npos; }));
}

TEST_F(NetBootTree, FindsTheLoadersOfTheDebianInstaller) {
    for (const char* file : {"linux", "bootnetx64.efi", "grubx64.efi", "pxelinux.0"})
        add(std::string("debian-installer/amd64/") + file);
    fs::create_symlink("debian-installer/amd64/pxelinux.0", tree() / "pxelinux.0");
    EXPECT_EQ(file_for(Arch::x86_64, Firmware::bios), "pxelinux.0") << "its menu is beside the upper one";
    EXPECT_EQ(file_for(Arch::x86_64, Firmware::uefi), "debian-installer/amd64/bootnetx64.efi");
    EXPECT_EQ(file_for(Arch::aarch64, Firmware::uefi), "nothing");
    EXPECT_EQ(file_for(Arch::x86_64, Firmware::uefi, true), "nothing");
    EXPECT_EQ(dnsmasq_options({tree(), true}).size(), 0U);
}

TEST_F(NetBootTree, FindsWhatGrubMknetdirMadeAndFatSpelledInCapitals) {
    add("boot/grub/i386-pc/core.0");
    add("boot/grub/arm64-efi/core.efi");
    add("EFI/BOOT/BOOTX64.EFI");
    EXPECT_EQ(file_for(Arch::x86_64, Firmware::bios), "boot/grub/i386-pc/core.0");
    EXPECT_EQ(file_for(Arch::aarch64, Firmware::uefi), "boot/grub/arm64-efi/core.efi");
    EXPECT_EQ(file_for(Arch::x86_64, Firmware::uefi), "EFI/BOOT/BOOTX64.EFI");
}

TEST_F(NetBootTree, FindsNothingInADirectoryThatIsNotThere) {
    EXPECT_EQ(file_for(Arch::x86_64, Firmware::uefi), "nothing");
    add("pxelinux.0/is-a-directory");
    EXPECT_EQ(file_for(Arch::x86_64, Firmware::bios), "nothing");
}

TEST_F(NetBootTree, OffersNoLoaderThatALinkBringsFromOutside) {
    add("../pxelinux.0");
    fs::create_directories(tree());
    fs::create_symlink("../pxelinux.0", tree() / "pxelinux.0");
    fs::create_symlink("/etc/passwd", tree() / "bootx64.efi");
    EXPECT_EQ(file_for(Arch::x86_64, Firmware::bios), "nothing");
    EXPECT_EQ(file_for(Arch::x86_64, Firmware::uefi), "nothing");
}

TEST_F(NetBootTree, ADirectorysNameBecomesNoOptionOfDnsmasq) {
    add("a,evil,10.0.0.1/pxelinux.0");
    add("x\ndhcp-script=/tmp/x/bootx64.efi");
    EXPECT_EQ(dnsmasq_options({tree(), false}), std::vector<std::string>{"--dhcp-no-override"});
    add("much/deeper/down/pxelinux.0");
    EXPECT_TRUE(has(dnsmasq_options({tree(), false}), "--dhcp-boot=tag:bios,much/deeper/down/pxelinux.0"));
}

TEST(NetBoot, ServesFilesOfTheTreeAndNothingElse) {
    const TempDir directory;
    fs::create_directories(directory.path() / "tree/live");
    write_file(directory.path() / "tree/live/01.sb", "layer");
    write_file(directory.path() / "secret", "");
    fs::create_directory_symlink("/", directory.path() / "tree/pub");
    fs::create_symlink("../../secret", directory.path() / "tree/live/secret");
    fs::create_symlink("live/01.sb", directory.path() / "tree/first");
    const UniqueFd tree = open_directory(directory.path() / "tree");
    for (const char* target : {"/live/01.sb", "//live/./01.sb?x=1", "/first"})
        EXPECT_TRUE(served_file(tree.get(), target)) << target;
    for (const char* target : {"", "/", "/live", "/live/02.sb", "/../secret", "/live/../../secret",
                               "live/01.sb", "*", "/pub/etc/passwd", "/live/secret", "/live/../live/01.sb"})
        EXPECT_FALSE(served_file(tree.get(), target)) << target;
}

}  // namespace
}  // namespace lktest
