// SPDX-License-Identifier: MIT
#include "builder/tree/from_directory.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>

#include "builder/tests/support/error_of.hpp"

namespace lktest {
namespace {
namespace fs = std::filesystem;

TEST(DirectoryTree, HoldsWhatTheDirectoryHolds) {
    const TempDir dir;
    make_directories(dir.path() / "a/empty");
    write_file(dir.path() / "a/file", "content");
    ::chmod((dir.path() / "a/file").c_str(), 04751);
    fs::create_hard_link(dir.path() / "a/file", dir.path() / "linked");
    fs::create_symlink("/nowhere/else", dir.path() / "symlink");
    ASSERT_EQ(::mkfifo((dir.path() / "fifo").c_str(), 0600), 0);
    const timespec times[2] = {{1234567890, 0}, {1234567890, 5}};
    ASSERT_EQ(::utimensat(AT_FDCWD, (dir.path() / "symlink").c_str(), times, AT_SYMLINK_NOFOLLOW), 0);

    const FileTree tree = directory_tree(dir.path());
    std::string paths;
    tree.walk([&](const std::string& path, const Inode&) { paths += path + " "; });
    EXPECT_EQ(paths, "/a /a/empty /a/file /fifo /linked /symlink ");
    const auto file = tree.find("/a/file");
    EXPECT_EQ(file->permissions, 04751U);
    EXPECT_EQ(file->uid, ::geteuid());
    EXPECT_EQ(file->content.whole(), "content");
    EXPECT_EQ(file, tree.find("/linked"));
    EXPECT_EQ(tree.find("/a/empty")->type, NodeType::directory);
    EXPECT_EQ(tree.find("/fifo")->type, NodeType::fifo);
    EXPECT_EQ(tree.find("/symlink")->target, "/nowhere/else");
    EXPECT_EQ(tree.find("/symlink")->mtime, 1234567890);
}

TEST(DirectoryTree, KeepsAttributesButNotTheFileSystemsOwn) {
    const TempDir dir(".");  // /tmp may be a tmpfs, which older kernels give no user.* attributes
    const fs::path file = dir.path() / "file";
    write_file(file, "");
    if (::setxattr(file.c_str(), "user.lktest", "a\0b", 3, 0) < 0)
        GTEST_SKIP() << "this file system has no extended attributes";
    // An ACL: version 2, then user::rw-, user:0:r--, group::---, mask::r--, other::---
    const unsigned char acl[] = {2, 0, 0,   0,   1,   0,   6,  0, 255, 255, 255, 255, 2,   0,  4,
                                 0, 0, 0,   0,   0,   4,   0,  0, 0,   255, 255, 255, 255, 16, 0,
                                 4, 0, 255, 255, 255, 255, 32, 0, 0,   0,   255, 255, 255, 255};
    EXPECT_EQ(::setxattr(file.c_str(), "system.posix_acl_access", acl, sizeof acl, 0), 0);
    auto xattrs = directory_tree(dir.path()).find("/file")->xattrs;
    xattrs.erase("security.selinux");
    EXPECT_EQ(xattrs, (std::map<std::string, std::string>{{"user.lktest", std::string("a\0b", 3)}}));
}

TEST(DirectoryTree, KeepsDeviceNumbers) {
    const TempDir dir;
    if (::mknod((dir.path() / "nvme").c_str(), S_IFBLK | 0660, makedev(259, 300)) < 0)
        GTEST_SKIP() << "only root makes device nodes";
    const auto node = directory_tree(dir.path()).find("/nvme");
    EXPECT_EQ(node->type, NodeType::block_device);
    EXPECT_EQ(node->device, makedev(259, 300));
}

TEST(DirectoryTree, RefusesWhatIsNoDirectory) {
    const TempDir dir;
    write_file(dir.path() / "file", "");
    for (const char* name : {"file", "absent"}) {
        const std::string path = dir.path() / name;
        EXPECT_EQ(error_of([&] { directory_tree(path); }), "usage: " + path + " is not a directory");
    }
}

TEST(ReadDirectory, TakesOnlyWhatItIsToldTo) {
    const TempDir dir;
    make_directories(dir.path() / "etc");
    make_directories(dir.path() / "proc");
    write_file(dir.path() / "etc/a", "");
    write_file(dir.path() / "etc/b", "");
    write_file(dir.path() / "etc/own", "");
    const FileTree tree =
        read_directory(dir.path(),
                       {.only = {{"etc"}}, .exclude = {"/etc/b"}, .except = {dir.path() / "etc/own"}})
            .tree;
    std::string paths;
    tree.walk([&](const std::string& path, const Inode&) { paths += path + " "; });
    EXPECT_EQ(paths, "/etc /etc/a ");
}

TEST(ReadDirectory, ListsWhatItCannotReadAndGoesOn) {
    if (::geteuid() == 0 && ::seteuid(65534) != 0)
        GTEST_SKIP() << "root reads everything";
    {
        const TempDir dir;
        write_file(dir.path() / "a", "");
        write_file(dir.path() / "secret", "");
        make_directories(dir.path() / "closed");
        ::chmod((dir.path() / "secret").c_str(), 0);
        ::chmod((dir.path() / "closed").c_str(), 0);
        const DirectoryTree found = read_directory(dir.path(), {});
        EXPECT_TRUE(found.tree.find("/a"));
        EXPECT_FALSE(found.tree.find("/secret"));
        auto unreadable = found.unreadable;
        std::ranges::sort(unreadable);
        EXPECT_EQ(unreadable,
                  (std::vector<std::string>{"/closed: Permission denied", "/secret: Permission denied"}));
        EXPECT_NE(error_of([&] { directory_tree(dir.path()); }).find("run as root"), std::string::npos);
        ::chmod((dir.path() / "closed").c_str(), 0700);  // or it could not be removed
    }
    if (::getuid() == 0) {
        EXPECT_EQ(::seteuid(0), 0);
    }
}

TEST(ReadDirectory, KeepsASocketAsTheNodeThatItIs) {
    const TempDir dir;
    const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un address{AF_UNIX, {}};
    const std::string path = dir.path() / "socket";
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(directory_tree(dir.path()).find("/socket")->type, NodeType::socket);
}

TEST(ReadDirectory, OfARunningSystemOutlivesFilesThatVanishOrShrink) {
    const TempDir dir;
    write_file(dir.path() / "gone", "12345");
    write_file(dir.path() / "shorter", "12345");
    const FileTree live = read_directory(dir.path(), {.live = true}).tree;
    const FileTree still = read_directory(dir.path(), {}).tree;
    fs::remove(dir.path() / "gone");
    fs::resize_file(dir.path() / "shorter", 2);
    std::string into(5, '-');
    const auto bytes = std::as_writable_bytes(std::span(into));
    EXPECT_EQ(live.find("/gone")->content.read_some(0, bytes), 0U);
    EXPECT_EQ(live.find("/shorter")->content.read_some(0, bytes), 2U);
    EXPECT_EQ(into, "12---");
    EXPECT_NE(error_of([&] { still.find("/gone")->content.whole(); }).find("gone"), std::string::npos);
    EXPECT_NE(error_of([&] { still.find("/shorter")->content.whole(); }).find("became shorter"),
              std::string::npos);
}

}  // namespace
}  // namespace lktest
