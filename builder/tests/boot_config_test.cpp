// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <filesystem>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "builder/boot/grub.hpp"
#include "builder/boot/grub_image.hpp"
#include "builder/boot/isolinux.hpp"
#include "builder/boot/loaders.hpp"
#include "builder/inspect/pe.hpp"
#include "builder/tests/support/golden.hpp"
#include "builder/tests/support/source_directory.hpp"

namespace lktest {
namespace {

Recipe recovery() {
    return read_recipe(source_directory() / "builder/recipes/recovery.toml");
}

TEST(BootMenu, NamesTheSerialPortLastSoThatItIsTheConsole) {
    Recipe recipe;
    recipe.volume_label = "LIVE";
    recipe.menu = {{"Normal", ""}, {"Debug", "debug"}};
    const BootMenu x86 = boot_menu(recipe, Arch::x86_64);
    EXPECT_EQ(x86.entries[0].command_line, "lktest.label=LIVE console=tty0 console=ttyS0,115200");
    EXPECT_EQ(x86.entries[1].command_line, "lktest.label=LIVE debug console=tty0 console=ttyS0,115200");
    recipe.command_line = "quiet";
    EXPECT_EQ(boot_menu(recipe, Arch::aarch64).entries[1].command_line,
              "lktest.label=LIVE quiet debug console=tty0 console=ttyAMA0,115200");
}

TEST(GrubConfig, IsTheGoldenOneForX86) {
    expect_golden("boot_config/grub-x86_64.cfg",
                  grub_config(boot_menu(recovery(), Arch::x86_64), Arch::x86_64));
}

TEST(GrubConfig, IsTheGoldenOneForAarch64) {
    expect_golden("boot_config/grub-aarch64.cfg",
                  grub_config(boot_menu(recovery(), Arch::aarch64), Arch::aarch64));
}

TEST(IsolinuxConfig, IsTheGoldenOne) {
    expect_golden("boot_config/isolinux.cfg", isolinux_config(boot_menu(recovery(), Arch::x86_64)));
}

TEST(BootMenu, HasItsPictureWhereTheSerialPortDoesNotPayForIt) {
    Recipe recipe = recovery();
    recipe.splash = "picture.png";
    const auto has_picture = [](const std::string& config) {
        return config.find("/boot/splash.png") != std::string::npos;
    };
    const BootMenu menu = boot_menu(recipe, Arch::x86_64);
    EXPECT_TRUE(has_picture(isolinux_config(menu)));
    EXPECT_TRUE(has_picture(grub_config(menu, Arch::x86_64)));
    EXPECT_NE(grub_config(menu, Arch::x86_64).find("terminal_output gfxterm serial\n"), std::string::npos);
    EXPECT_FALSE(has_picture(grub_config(menu, Arch::aarch64)));
    EXPECT_FALSE(has_picture(pxelinux_config(menu)));
    EXPECT_FALSE(has_picture(grub_network_config(menu, Arch::x86_64)));
}

TEST(GrubLoopbackConfig, IsTheGoldenOne) {
    expect_golden("boot_config/loopback.cfg", grub_loopback_config(boot_menu(recovery(), Arch::aarch64)));
}

TEST(GrubNetworkConfig, IsTheGoldenOne) {
    expect_golden("boot_config/grub-network.cfg",
                  grub_network_config(boot_menu(recovery(), Arch::aarch64), Arch::aarch64));
}

TEST(PxelinuxConfig, IsTheGoldenOne) {
    expect_golden("boot_config/pxelinux.cfg", pxelinux_config(boot_menu(recovery(), Arch::x86_64)));
}

TEST(NetworkBootFiles, HoldNoAddressAndStandWhereShimAndPxelinuxLook) {
    FileTree packages;
    for (const char* path :
         {"/usr/lib/shim/shimx64.efi.signed", "/usr/lib/shim/mmx64.efi.signed",
          "/usr/lib/grub/x86_64-efi-signed/grubnetx64.efi.signed", "/usr/lib/PXELINUX/lpxelinux.0",
          "/usr/lib/syslinux/modules/bios/ldlinux.c32", "/usr/lib/syslinux/modules/bios/libcom32.c32",
          "/usr/lib/syslinux/modules/bios/libutil.c32", "/usr/lib/syslinux/modules/bios/menu.c32"})
        packages.put_file(path, path);
    std::vector<std::string> paths;
    for (const ImageFile& file :
         network_boot_files(packages, Arch::x86_64, boot_menu(recovery(), Arch::x86_64)))
        paths.push_back(file.path);
    EXPECT_EQ(paths, (std::vector<std::string>{"/bootx64.efi", "/grubx64.efi", "/mmx64.efi", "/grub/grub.cfg",
                                               "/lpxelinux.0", "/ldlinux.c32", "/libcom32.c32",
                                               "/libutil.c32", "/menu.c32", "/pxelinux.cfg/default"}));
}

TEST(BootFiles, NamesTheFileThatThePackagesLack) {
    try {
        signed_efi(FileTree(), Arch::aarch64);
        FAIL() << "nothing was thrown";
    } catch (const Error& error) {
        EXPECT_STREQ(error.what(), "the boot loader packages have no /usr/lib/shim/shimaa64.efi.signed");
    }
}

TEST(BootFiles, OfAarch64AreTheSignedChainUnderItsRemovableMediaNames) {
    FileTree packages;
    packages.put_file("/usr/lib/shim/shimaa64.efi.signed", "shim");
    packages.put_file("/usr/lib/shim/mmaa64.efi.signed", "mm");
    packages.put_file("/usr/lib/grub/arm64-efi-signed/gcdaa64.efi.signed", "grub");
    const BootFiles files = boot_files(packages, Arch::aarch64, boot_menu(recovery(), Arch::aarch64),
                                       signed_efi(packages, Arch::aarch64), "info", true);
    ASSERT_EQ(files.efi.size(), 3U);
    EXPECT_EQ(files.efi[0].path, "/EFI/BOOT/BOOTAA64.EFI");
    EXPECT_EQ(std::get<std::string>(files.efi[0].content), "shim");
    EXPECT_EQ(files.efi[1].path, "/EFI/BOOT/MMAA64.EFI");
    EXPECT_EQ(files.efi[2].path, "/EFI/BOOT/GRUBAA64.EFI");
    EXPECT_EQ(std::get<std::string>(files.efi[2].content), "grub");
    EXPECT_TRUE(files.bios.empty());
    EXPECT_TRUE(files.mbr.empty());
    EXPECT_EQ(files.grub[1].path, "/.disk/info");
}

TEST(LoaderPackages, AreTheSignedOnesOrTheModulesOfAGrubOrNoneForUefi) {
    const auto packages = [](Loader loader, std::optional<Signing> signing = {}) {
        Recipe recipe;
        recipe.loader = loader;
        recipe.signing = std::move(signing);
        return loader_packages(Arch::aarch64, recipe);
    };
    EXPECT_EQ(packages(Loader::signed_chain),
              (std::vector<std::string>{"busybox-static", "shim-signed", "shim-helpers-arm64-signed",
                                        "grub-efi-arm64-signed"}));
    EXPECT_EQ(packages(Loader::grub), (std::vector<std::string>{"busybox-static", "grub-efi-arm64-bin"}));
    EXPECT_EQ(packages(Loader::vendor), std::vector<std::string>{"busybox-static"});
    for (const Loader loader : {Loader::systemd_boot, Loader::uki})
        EXPECT_EQ(packages(loader), (std::vector<std::string>{"busybox-static", "systemd-boot-efi"}));
    EXPECT_EQ(packages(Loader::uki, Signing{"key", "certificate", true}),
              (std::vector<std::string>{"busybox-static", "shim-signed", "shim-helpers-arm64-signed",
                                        "systemd-boot-efi"}));
}

TEST(GrubImage, IsAProgramForTheArchitecturesMachine) {
    FileTree package;
    const std::filesystem::path modules = "/usr/lib/grub/x86_64-efi";
    if (!std::filesystem::exists(modules / "moddep.lst"))
        GTEST_SKIP() << "the package grub-efi-amd64-bin is not installed";
    for (const auto& entry : std::filesystem::directory_iterator(modules))
        if (entry.is_regular_file())
            package.put_file(entry.path().string(), read_file(entry.path()));
    const auto image = read_pe(ByteView::of_memory(grub_image(package, "x86_64-efi")));
    ASSERT_TRUE(image);
    EXPECT_EQ(image->machine, 0x8664);
    EXPECT_THROW(grub_image(package, "arm64-efi"), Error);
}

TEST(BootFiles, OfX86HaveALoaderForUefiOf32Bits) {
    FileTree packages;
    for (const char* path : {"/usr/lib/shim/shimx64.efi.signed", "/usr/lib/shim/mmx64.efi.signed",
                             "/usr/lib/grub/x86_64-efi-signed/gcdx64.efi.signed"})
        packages.put_file(path, path);
    const std::filesystem::path modules = "/usr/lib/grub/i386-efi";
    if (!std::filesystem::exists(modules / "moddep.lst"))
        GTEST_SKIP() << "the package grub-efi-ia32-bin is not installed";
    for (const auto& entry : std::filesystem::directory_iterator(modules))
        if (entry.is_regular_file())
            packages.put_file(entry.path().string(), read_file(entry.path()));
    const std::vector<ImageFile> files = signed_efi(packages, Arch::x86_64);
    ASSERT_EQ(files.back().path, "/EFI/BOOT/BOOTIA32.EFI");
    const auto image = read_pe(ByteView::of_memory(std::get<std::string>(files.back().content)));
    ASSERT_TRUE(image);
    EXPECT_EQ(image->machine, 0x14c);
}

}  // namespace
}  // namespace lktest
