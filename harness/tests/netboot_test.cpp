// SPDX-License-Identifier: MIT
#include "harness/net/netboot.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "builder/base/file.hpp"

namespace lktest {
namespace {
namespace fs = std::filesystem;

bool has(const std::vector<std::string>& options, std::string_view option) {
    return std::ranges::find(options, option) != options.end();
}

TEST(NetBoot, OffersPxeClientsTheLoaderOfTheirArchitecture) {
    const auto options = dnsmasq_options({"/srv", false});
    EXPECT_TRUE(has(options, "--tftp-root=/srv"));
    EXPECT_TRUE(has(options, "--dhcp-match=set:bios,option:client-arch,0"));
    EXPECT_TRUE(has(options, "--dhcp-boot=tag:bios,lpxelinux.0"));
    EXPECT_TRUE(has(options, "--dhcp-boot=tag:x64,bootx64.efi"));
    EXPECT_TRUE(has(options, "--dhcp-match=set:aa64,option:client-arch,11"));
    EXPECT_TRUE(has(options, "--dhcp-boot=tag:aa64,bootaa64.efi"));
    EXPECT_TRUE(
        std::ranges::none_of(options, [](const auto& option) { return option.find("http") != option.npos; }));
}

TEST(NetBoot, OffersHttpClientsAnAddressAndNothingToPxe) {
    const auto options = dnsmasq_options({"/srv", true});
    EXPECT_TRUE(has(options, "--dhcp-match=set:aa64-http,option:client-arch,19"));
    EXPECT_TRUE(has(options, "--dhcp-boot=tag:aa64-http,http://192.168.2.1/httpboot.img"));
    EXPECT_TRUE(has(options, "--dhcp-option-force=tag:x64-http,60,HTTPClient"));
    EXPECT_TRUE(
        std::ranges::none_of(options, [](const auto& option) { return option.find("bios") != option.npos; }));
}

TEST(NetBoot, ServesFilesOfTheTreeAndNothingElse) {
    const TempDir directory;
    fs::create_directories(directory.path() / "tree/live");
    write_file(directory.path() / "tree/live/01.sb", "layer");
    write_file(directory.path() / "secret", "");
    const fs::path tree = directory.path() / "tree";
    EXPECT_EQ(served_file(tree, "/live/01.sb"), tree / "live/01.sb");
    EXPECT_EQ(served_file(tree, "//live/./01.sb?x=1"), tree / "live/./01.sb");
    for (const char* target :
         {"", "/", "/live", "/live/02.sb", "/../secret", "/live/../../secret", "live/01.sb", "*"})
        EXPECT_EQ(served_file(tree, target), "") << target;
}

}  // namespace
}  // namespace lktest
