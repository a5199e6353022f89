// SPDX-License-Identifier: MIT
#include "builder/initramfs/initramfs.hpp"

#include <gtest/gtest.h>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "builder/tests/support/elf_bytes.hpp"

namespace lktest {
namespace {

/// A PE header as a kernel's EFI stub has it.
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
    kernel.modules.put_file(directory + "modules.builtin", "kernel/d.ko\n");
    return kernel;
}

std::string complaint_of(const FileTree& tree) {
    const TempDir scratch;
    try {
        take_kernel(tree, Arch::x86_64, "linux-image-amd64", scratch.path());
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), Error::Kind::usage);
        return error.what();
    }
    return "nothing";
}

TEST(Initramfs, HasInitBusyboxAndTheModulesWithTheirIndex) {
    const FileTree tree = initramfs_tree(small_kernel(), Arch::x86_64, Content::text(elf_bytes(62)),
                                         {"#!init", "#!say"}, {"a", "d"});
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

TEST(Initramfs, RefusesABusyboxOfAnotherMachineByName) {
    try {
        initramfs_tree(small_kernel(), Arch::x86_64, Content::text(elf_bytes(183)), {"", ""}, {"a"});
        FAIL() << "nothing was thrown";
    } catch (const Error& error) {
        EXPECT_STREQ(
            error.what(),
            "/bin/busybox in the initramfs is a 64-bit aarch64 program, and the image is for x86_64");
    }
}

TEST(TakeKernel, SaysWhatThePackageLacks) {
    FileTree tree;
    EXPECT_EQ(complaint_of(tree), "the package linux-image-amd64 has no kernel modules");
    tree.put_file("/usr/lib/modules/6.1/kernel/a.ko", elf_bytes(62));
    EXPECT_EQ(complaint_of(tree), "the package linux-image-amd64 has no /boot/vmlinuz-6.1");
}

TEST(TakeKernel, RefusesAKernelOfAnotherMachine) {
    FileTree tree;
    tree.put_file("/usr/lib/modules/6.1/kernel/a.ko", elf_bytes(62));
    tree.put_file("/boot/vmlinuz-6.1", fake_kernel(0xaa64));
    EXPECT_EQ(complaint_of(tree),
              "the kernel of linux-image-amd64 is not for x86_64 (its PE machine is 0xaa64, not 0x8664)");
    tree.put_file("/boot/vmlinuz-6.1", "short");
    EXPECT_EQ(complaint_of(tree),
              "the kernel of linux-image-amd64 is not for x86_64 (its PE machine is 0x0, not 0x8664)");
}

}  // namespace
}  // namespace lktest
