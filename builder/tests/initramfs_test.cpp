// SPDX-License-Identifier: MIT
#include "builder/initramfs/initramfs.hpp"

#include <gtest/gtest.h>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "builder/tests/support/elf_bytes.hpp"
#include "builder/tests/support/error_of.hpp"
#include "builder/tests/support/gzipped.hpp"

namespace lktest {
namespace {

/// A PE header like that of a kernel's EFI stub.
std::string fake_kernel(unsigned machine) {
    std::string image(256, '\0');
    image[0x3c] = 64;
    image.replace(64, 4, std::string("PE\0\0", 4));
    image[68] = static_cast<char>(machine & 0xff);
    image[69] = static_cast<char>(machine >> 8);
    return image;
}

Kernel small_kernel() {
    Kernel kernel;
    kernel.release = "6.1.0-test";
    const std::string directory = kernel.directory() + "/";
    kernel.modules.put_file(directory + "kernel/a.ko", elf_bytes(62));
    kernel.modules.put_file(directory + "kernel/b.ko", elf_bytes(62));
    kernel.modules.put_file(directory + "kernel/c.ko", elf_bytes(62));
    kernel.modules.put_file(directory + "modules.dep",
                            "kernel/a.ko: kernel/b.ko\nkernel/b.ko:\nkernel/c.ko:\n");
    kernel.modules.put_file(directory + "modules.alias", "alias pci:a a\nalias pci:c c\n");
    kernel.modules.put_file(directory + "modules.softdep", "");
    kernel.modules.put_file(
        directory + "modules.builtin",
        "kernel/d.ko\nkernel/loop.ko\nkernel/squashfs.ko\nkernel/overlay.ko\nkernel/isofs.ko\n"
        "kernel/sr_mod.ko\nkernel/sd_mod.ko\nkernel/usb-storage.ko\n");
    return kernel;
}

std::string complaint_of(const FileTree& tree) {
    try {
        take_kernel(tree, Arch::x86_64, "linux-image-amd64");
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), Error::Kind::usage);
        return error.what();
    }
    return "nothing";
}

TEST(Initramfs, HasInitBusyboxAndTheModulesWithTheirIndex) {
    const FileTree tree = initramfs_tree(small_kernel(), Arch::x86_64, Content::text(elf_bytes(62)),
                                         {{"/init", "#!init"}, {"/bin/say", "#!say"}}, {"a", "d"});
    EXPECT_EQ(tree.find("/init")->content.whole(), "#!init");
    EXPECT_EQ(tree.find("/init")->permissions, 0755U);
    EXPECT_EQ(tree.find("/bin/say")->content.whole(), "#!say");
    EXPECT_EQ(tree.find("/bin/busybox")->permissions, 0755U);
    EXPECT_EQ(tree.find("/dev/console")->type, NodeType::character_device);
    const std::string directory = "/lib/modules/6.1.0-test/";
    EXPECT_TRUE(tree.find(directory + "kernel/a.ko"));
    EXPECT_TRUE(tree.find(directory + "kernel/b.ko"));
    EXPECT_FALSE(tree.find(directory + "kernel/c.ko"));
    EXPECT_EQ(tree.find(directory + "modules.alias")->content.whole(), "alias pci:a a\n");
}

TEST(Initramfs, NamesTheOptionsThatTheKernelLacks) {
    Kernel kernel = small_kernel();
    const std::string directory = kernel.directory() + "/";
    kernel.modules.put_file(directory + "modules.builtin", "kernel/loop.ko\nkernel/isofs.ko\n");
    kernel.config = "CONFIG_OVERLAY_FS=y\nCONFIG_SQUASHFS=m\nCONFIG_BLK_DEV_SR=y\nCONFIG_BLK_DEV_SD=y\n";
    EXPECT_EQ(
        error_of([&] { initramfs_tree(kernel, Arch::x86_64, Content::text(elf_bytes(62)), {}, {"a"}); }),
        "usage: the kernel 6.1.0-test has neither built in nor as a module: squashfs "
        "(CONFIG_SQUASHFS), usb_storage (CONFIG_USB_STORAGE)\nhint: choose another in [kernel]: "
        "version = \"...\", image = \"...\", or a package");
}

TEST(Initramfs, NamesTheKernelThatLacksAModule) {
    EXPECT_EQ(error_of([&] {
                  initramfs_tree(small_kernel(), Arch::x86_64, Content::text(elf_bytes(62)), {},
                                 {"sqaushfs"});
              }),
              "usage: the kernel 6.1.0-test has no module 'sqaushfs'\nhint: did you mean 'squashfs'?");
    Kernel bare = small_kernel();
    bare.modules = {};
    EXPECT_TRUE(
        error_of([&] { initramfs_tree(bare, Arch::x86_64, Content::text(elf_bytes(62)), {}, {}); })
            .ends_with("\nhint: if it has modules, set 'modules' in [kernel] to their directory; otherwise "
                       "choose another"));
}

TEST(Initramfs, HasCompressedModulesUncompressed) {
    Kernel kernel = small_kernel();
    const std::string directory = kernel.directory() + "/";
    kernel.modules.put_file(directory + "kernel/x.ko.gz", gzipped(elf_bytes(62)));
    kernel.modules.put_file(directory + "modules.dep", "kernel/x.ko.gz: kernel/a.ko\nkernel/a.ko:\n");
    const FileTree tree = initramfs_tree(kernel, Arch::x86_64, Content::text(elf_bytes(62)), {}, {"x"});
    const std::string target = "/lib/modules/6.1.0-test/";
    ASSERT_TRUE(tree.find(target + "kernel/x.ko"));
    EXPECT_EQ(tree.find(target + "kernel/x.ko")->content.whole(), elf_bytes(62));
    EXPECT_EQ(tree.find(target + "modules.dep")->content.whole(), "kernel/x.ko: kernel/a.ko\nkernel/a.ko:\n");
}

TEST(Initramfs, TakesAModuleThatEndsInAQuestionMarkWhereThereIsOne) {
    const Content busybox = Content::text(elf_bytes(62));
    const FileTree tree =
        initramfs_tree(small_kernel(), Arch::x86_64, busybox, {}, {"absent?", "drivers/none?", "c?"});
    EXPECT_TRUE(tree.find("/lib/modules/6.1.0-test/kernel/c.ko"));
}

TEST(Initramfs, RefusesABusyboxOfAnotherMachineByName) {
    try {
        initramfs_tree(small_kernel(), Arch::x86_64, Content::text(elf_bytes(183)), {}, {"a"});
        FAIL() << "nothing was thrown";
    } catch (const Error& error) {
        EXPECT_STREQ(
            error.what(),
            "/bin/busybox in the initramfs is a 64-bit aarch64 program, but the image is for x86_64");
    }
}

TEST(TakeKernel, SaysWhatThePackageLacks) {
    FileTree tree;
    EXPECT_EQ(complaint_of(tree), "the package linux-image-amd64 has no kernel modules");
    tree.put_file("/usr/lib/modules/6.1/kernel/a.ko", elf_bytes(62));
    EXPECT_EQ(complaint_of(tree),
              "the package linux-image-amd64 has neither /boot/vmlinuz-6.1 nor "
              "/usr/lib/modules/6.1/vmlinuz");
}

TEST(TakeKernel, RefusesAKernelOfAnotherMachine) {
    FileTree tree;
    tree.put_file("/usr/lib/modules/6.1/kernel/a.ko", elf_bytes(62));
    tree.put_file("/boot/vmlinuz-6.1", fake_kernel(0xaa64));
    EXPECT_EQ(complaint_of(tree),
              "the kernel of linux-image-amd64 is a kernel for aarch64, but the image is for x86_64");
    tree.put_file("/boot/vmlinuz-6.1", "short");
    EXPECT_EQ(complaint_of(tree),
              "the kernel of linux-image-amd64 is not a Linux kernel that lktest recognises");
}

}  // namespace
}  // namespace lktest
