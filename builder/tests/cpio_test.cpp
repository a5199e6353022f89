// SPDX-License-Identifier: MIT
#include "builder/initramfs/cpio.hpp"

#include <gtest/gtest.h>
#include <sys/sysmacros.h>

#include "builder/base/file.hpp"
#include "builder/base/process.hpp"

namespace lktest {
namespace {

FileTree small_tree() {
    FileTree tree;
    tree.put_directory("/dev");
    auto console = std::make_shared<Inode>();
    console->type = NodeType::character_device;
    console->permissions = 0600;
    console->device = makedev(5, 1);
    tree.put("/dev/console", console);
    tree.put_file("/init", "#!/bin/sh\n", 0755);
    tree.put_symlink("/bin/sh", "busybox");
    tree.put_file("/empty", "");
    auto twice = std::make_shared<Inode>();
    twice->content = Content::text("the same");
    tree.put("/one", twice);
    tree.put("/two", twice);
    return tree;
}

TEST(Cpio, IsListedByTheCpioProgram) {
    const TempDir directory;
    write_file(directory.path() / "initrd", write_cpio(small_tree(), 86400));
    check_process({"zstd", "-dq", "--no-progress", (directory.path() / "initrd").string(), "-o",
                   (directory.path() / "plain").string()});
    const std::string plain = read_file(directory.path() / "plain");
    EXPECT_TRUE(plain.starts_with("070701"));
    ProcessOptions utc;
    utc.environment = {{"TZ", "UTC0"}};
    EXPECT_EQ(check_process({"cpio", "-itvn", "--quiet", "-F", (directory.path() / "plain").string()}, utc),
              "drwxr-xr-x   1 0        0               0 Jan  2  1970 bin\n"
              "lrwxrwxrwx   1 0        0               7 Jan  2  1970 bin/sh -> busybox\n"
              "drwxr-xr-x   1 0        0               0 Jan  2  1970 dev\n"
              "crw-------   1 0        0          5,   1 Jan  2  1970 dev/console\n"
              "-rw-r--r--   1 0        0               0 Jan  2  1970 empty\n"
              "-rwxr-xr-x   1 0        0              10 Jan  2  1970 init\n"
              "-rw-r--r--   1 0        0               8 Jan  2  1970 one\n"
              "-rw-r--r--   1 0        0               8 Jan  2  1970 two\n");
}

TEST(Cpio, IsTheSameForTheSameTree) {
    EXPECT_EQ(write_cpio(small_tree(), 1000), write_cpio(small_tree(), 1000));
    EXPECT_NE(write_cpio(small_tree(), 1000), write_cpio(small_tree(), 1001));
}

TEST(Cpio, HoldsAFileLargerThanItsBuffer) {
    FileTree tree;
    std::string large;
    for (int line = 0; line < 40'000; ++line)
        large += std::to_string(line) + "\n";
    tree.put_file("/large", large);
    const TempDir directory;
    write_file(directory.path() / "initrd", write_cpio(tree, 0));
    check_process({"zstd", "-dq", "--no-progress", (directory.path() / "initrd").string(), "-o",
                   (directory.path() / "plain").string()});
    EXPECT_EQ(check_process({"cpio", "-i", "--quiet", "--to-stdout", "-F",
                             (directory.path() / "plain").string(), "large"}),
              large);
}

}  // namespace
}  // namespace lktest
