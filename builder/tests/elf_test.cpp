// SPDX-License-Identifier: MIT
#include "builder/inspect/elf.hpp"

#include <gtest/gtest.h>

#include "builder/base/error.hpp"
#include "builder/tests/support/elf_bytes.hpp"

namespace lktest {
namespace {

TEST(Elf, TellsTheMachine) {
    const auto machine = elf_machine_of(elf_bytes(183));
    ASSERT_TRUE(machine);
    EXPECT_EQ(machine->machine, elf_machine(Arch::aarch64));
    EXPECT_EQ(describe(*machine), "64-bit aarch64");
}

TEST(Elf, ReadsBigEndianHeaders) {
    std::string bytes = elf_bytes(0);
    bytes[5] = 2;
    bytes[19] = 22;
    EXPECT_EQ(describe(*elf_machine_of(bytes)), "64-bit s390");
}

TEST(Elf, NamesAMachineThatItDoesNotKnow) {
    EXPECT_EQ(describe(*elf_machine_of(elf_bytes(4711, 1))), "32-bit machine 4711");
}

TEST(Elf, IsNotAScriptNorACutOffHeader) {
    EXPECT_FALSE(elf_machine_of("#!/bin/sh\necho long enough\n"));
    EXPECT_FALSE(elf_machine_of(elf_bytes(62).substr(0, 19)));
    EXPECT_FALSE(elf_machine_of(""));
}

TEST(CheckMachine, PassesScriptsAndItsOwnMachine) {
    FileTree tree;
    tree.put_file("/init", "#!/bin/busybox sh\n");
    tree.put_file("/bin/busybox", elf_bytes(62));
    tree.put_file("/empty", "");
    tree.put_symlink("/bin/sh", "busybox");
    EXPECT_NO_THROW(check_machine(tree, Arch::x86_64, "initramfs"));
}

TEST(CheckMachine, NamesTheFirstFileOfAnotherMachine) {
    FileTree tree;
    tree.put_file("/bin/busybox", elf_bytes(3, 1));
    tree.put_file("/lib/modules/x.ko", elf_bytes(62));
    try {
        check_machine(tree, Arch::aarch64, "initramfs");
        FAIL() << "nothing was thrown";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), Error::Kind::usage);
        EXPECT_STREQ(error.what(),
                     "/bin/busybox in the initramfs is a 32-bit x86 program, but the image is for aarch64");
        EXPECT_EQ(error.hint(), "use it from a package for arm64, such as busybox-static:arm64");
    }
}

TEST(CheckMachine, RefusesX32WhichSharesTheMachineNumber) {
    FileTree tree;
    tree.put_file("/bin/busybox", elf_bytes(62, 1));
    EXPECT_THROW(check_machine(tree, Arch::x86_64, "initramfs"), Error);
}

}  // namespace
}  // namespace lktest
