// SPDX-License-Identifier: MIT
#include "builder/vendor/vendor_loader.hpp"

#include <gtest/gtest.h>

#include <map>

#include "builder/base/file.hpp"
#include "builder/tests/support/error_of.hpp"
#include "builder/tests/support/fake_medium.hpp"

namespace lktest {
namespace {

/// A vendor's medium with a recognisable GRUB.
struct Vendor {
    TempDir dir;
    FakeMedium medium{Arch::aarch64};
    std::filesystem::path iso = dir.path() / "vendor.iso";

    Vendor() {
        for (auto* files : {&medium.files, &medium.esp})
            (*files)["/EFI/BOOT/GRUBAA64.EFI"] += "grub_mod_init";
    }
    VendorLoader take(Arch arch = Arch::aarch64) {
        write_file(iso, medium.bytes());
        return vendor_loader(iso, arch, "ours");
    }
    std::map<std::string, std::string> efi() {
        std::map<std::string, std::string> files;
        for (const ImageFile& file : take().efi)
            files[file.path] = std::get<std::string>(file.content);
        return files;
    }
};

TEST(VendorLoader, IsWhatFirmwareStartsByteForByte) {
    Vendor vendor;
    vendor.medium.files["/EFI/BOOT/GRUBAA64.EFI"] = "an older grub_";  // firmware does not start this one
    vendor.medium.files["/EFI/BOOT/fonts/x.pf2"] = "font";
    vendor.medium.files["/boot/grub/arm64-efi/linux.mod"] = "module";
    auto files = vendor.efi();
    EXPECT_EQ(files.at("/EFI/BOOT/GRUBAA64.EFI"), vendor.medium.esp.at("/EFI/BOOT/GRUBAA64.EFI"));
    EXPECT_EQ(files.at("/EFI/BOOT/BOOTAA64.EFI"), vendor.medium.esp.at("/EFI/BOOT/BOOTAA64.EFI"));
    EXPECT_EQ(files.at("/EFI/BOOT/fonts/x.pf2"), "font");
    EXPECT_EQ(files.size(), 3U);
    ASSERT_EQ(vendor.take().grub.size(), 1U);
    EXPECT_EQ(vendor.take().grub[0].path, "/boot/grub/arm64-efi/linux.mod");
}

TEST(VendorLoader, HasOurMenuInPlaceOfItsOwnAndNoFallback) {
    Vendor vendor;
    vendor.medium.esp["/EFI/BOOT/grub.cfg"] = "theirs";
    vendor.medium.esp["/EFI/BOOT/FBAA64.EFI"] = "fallback";
    auto files = vendor.efi();
    EXPECT_EQ(files.at("/EFI/BOOT/grub.cfg"), "ours");
    EXPECT_FALSE(files.contains("/EFI/BOOT/FBAA64.EFI"));
}

TEST(VendorLoader, IsRefusedForAnotherMachineOrWhenItIsNoGrub) {
    Vendor vendor;
    const std::string hint = "\nhint: use another ISO, or loader = \"signed\" or \"grub\" in [boot]";
    EXPECT_EQ(error_of([&] { vendor.take(Arch::x86_64); }),
              "usage: " + vendor.iso.string() +
                  " has no UEFI boot loader for x86_64: /EFI/BOOT/BOOTX64.EFI is missing" + hint);
    vendor.medium.esp["/EFI/BOOT/GRUBAA64.EFI"] = vendor.medium.files["/EFI/BOOT/GRUBAA64.EFI"] = "systemd";
    EXPECT_EQ(error_of([&] { vendor.take(); }),
              "usage: the boot loader of " + vendor.iso.string() + " is not GRUB" + hint);
}

}  // namespace
}  // namespace lktest
