// SPDX-License-Identifier: MIT
#include "builder/tree/ext4_tree.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "builder/base/process.hpp"
#include "builder/tests/support/error_of.hpp"
#include "builder/tests/support/listing.hpp"
#include "builder/tests/support/nobody.hpp"
#include "builder/tree/from_directory.hpp"

namespace lktest {
namespace {
namespace fs = std::filesystem;

class Ext4Tree : public testing::Test {
protected:
    void SetUp() override {
        fs::create_directories(source_ / "etc/empty");
        write_file(source_ / "etc/text", "short");
        fs::permissions(source_ / "etc/text", fs::perms(04751));
        write_file(source_ / "long", std::string(300'000, 'x') + std::string(600'000, '\0') + "end");
        write_file(source_ / "none", "");
        fs::create_symlink("/etc/passwd", source_ / "out");
        fs::create_symlink(std::string(200, 'y'), source_ / "far");  // too long for an inode
        ASSERT_EQ(::mkfifo((source_ / "pipe").c_str(), 0620), 0);
        ASSERT_EQ(::setxattr((source_ / "etc").c_str(), "user.note", "kept", 4, 0), 0);
        if (::geteuid() == 0) {
            ASSERT_EQ(::mknod((source_ / "tty").c_str(), S_IFCHR | 0600, makedev(4, 64)), 0);
            ASSERT_EQ(::mknod((source_ / "disk").c_str(), S_IFBLK | 0660, makedev(259, 300)), 0);
            ASSERT_EQ(::lchown((source_ / "out").c_str(), 1234, 70000), 0);
        }
        fs::create_hard_link(source_ / "etc/text", source_ / "linked");
    }

    Ext4Source image(const std::vector<std::string>& options, const std::string& size = "16M") {
        const fs::path file = scratch_.path() / "image";
        fs::remove(file);
        std::vector<std::string> command{"mke2fs", "-q", "-d", source_, "-L", "ROOT"};
        command.insert(command.end(), options.begin(), options.end());
        command.insert(command.end(), {file, size});
        check_process(command);
        return {Content::file(file, fs::file_size(file)), "rootfs.img", std::to_string(++images_)};
    }

    FileTree tree(const Ext4Source& source, const std::vector<std::string>& exclude = {}) {
        return ext4_tree(source, exclude, scratch_.path() / "cache", nobody);
    }

    // Not in /tmp, which may have no user attributes.
    TempDir scratch_{"."};
    fs::path source_ = scratch_.path() / "source";
    int images_ = 0;
};

TEST_F(Ext4Tree, IsWhatMke2fsPacked) {
    for (const std::vector<std::string>& options :
         {std::vector<std::string>{"-t", "ext4"}, {"-t", "ext2"}, {"-t", "ext4", "-O", "inline_data"}})
        EXPECT_EQ(listing(tree(image(options))), listing(directory_tree(source_))) << options.back();
}

TEST_F(Ext4Tree, LeavesOutWhatIsExcluded) {
    const FileTree found = tree(image({"-t", "ext4"}), {"/etc/*"});
    EXPECT_TRUE(found.find("/etc"));
    EXPECT_FALSE(found.find("/etc/text"));
    EXPECT_TRUE(found.find("/linked"));
}

TEST_F(Ext4Tree, SaysThatAnImageIsDamaged) {
    Ext4Source source = image({"-t", "ext4"});
    EXPECT_TRUE(is_ext4(source.bytes));
    std::string bytes = source.bytes.whole();
    EXPECT_FALSE(is_ext4(Content::text(std::string(4096, '\0'))));
    for (std::size_t at = 2048; at + 64 < bytes.size();
         at += 1021)  // keeps the superblock; the rest is noise
        bytes.replace(at, 4, "\xff\x12\x00\x7f", 4);
    source.bytes = Content::text(bytes);
    source.identity = "damaged";
    const std::string error = error_of([&] { tree(source); });
    EXPECT_TRUE(error.starts_with("usage: cannot read ")) << error;
    EXPECT_NE(error.find(" of rootfs.img: "), std::string::npos) << error;
    source.bytes = Content::text(bytes.substr(0, 3000));
    source.identity = "short";
    EXPECT_TRUE(error_of([&] { tree(source); }).starts_with("usage: cannot read ")) << "truncated";
}

/// Faults that an honest program would not write.
TEST_F(Ext4Tree, RefusesWhatCouldNotEndOrFit) {
    const struct {
        std::string change, error;
    } cases[] = {
        {"set_inode_field /long size 0x4000000000", "the files of rootfs.img are too large for it: /long"},
        {"link /etc /etc/again", "cannot read /etc/again of rootfs.img: "},
        {"link / /etc/root", "cannot read /etc/root of rootfs.img: "},
        {"set_inode_field /far size 8192", "cannot read /far of rootfs.img: "},
        {"set_inode_field /etc/text mode 0", "cannot read /etc/text of rootfs.img: "},
        {"set_inode_field /long block[5] 0x7fffffff", "cannot read /long of rootfs.img: "},
    };
    for (const auto& [change, error] : cases) {
        image({"-t", "ext4"});
        const fs::path file = scratch_.path() / "image";
        check_process({"debugfs", "-w", "-R", change, file});
        const Ext4Source changed{Content::file(file, fs::file_size(file)), "rootfs.img", change};
        const std::string said = error_of([&] { tree(changed); });
        EXPECT_TRUE(said.starts_with("usage: " + error)) << change << ": " << said;
    }
}

/// A wrong byte in the tables gives a tree or a usage Error.
TEST_F(Ext4Tree, SurvivesWrongBytesInItsTables) {
    fs::remove(source_ / "long");
    const std::string whole =
        image({"-t", "ext4", "-b", "1024", "-N", "32", "-O", "^has_journal"}, "512K").bytes.whole();
    constexpr std::size_t superblock = 1024, block = 1024, every = 61;
    unsigned read = 0, refused = 0;
    for (std::size_t at = superblock; at < whole.size(); at += every) {
        if (whole.find_first_not_of('\0', at / block * block) >= (at / block + 1) * block)
            continue;  // that block is unused
        std::string bytes = whole;
        bytes[at] = static_cast<char>(bytes[at] ^ 0xff);
        const TempDir cache(scratch_.path());
        const Ext4Source wrong{Content::text(bytes), "rootfs.img", "wrong"};
        const std::string error = error_of([&] { ext4_tree(wrong, {}, cache.path(), nobody); });
        const bool whole_tree = error == "nothing was thrown";
        EXPECT_TRUE(whole_tree || error.starts_with("usage: ")) << at << ": " << error;
        ++(whole_tree ? read : refused);
    }
    EXPECT_GT(read, 50U);
    EXPECT_GT(refused, 10U);
}

}  // namespace
}  // namespace lktest
