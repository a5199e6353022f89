// SPDX-License-Identifier: MIT
#include "builder/tree/file_tree.hpp"

#include <gtest/gtest.h>

#include "builder/tests/support/error_of.hpp"

namespace lktest {
namespace {

std::string names_in(const FileTree& tree) {
    std::string text;
    tree.walk([&](const std::string& path, const Inode& inode) {
        text += path + (inode.type == NodeType::symlink ? " -> " + inode.target : "") + "\n";
    });
    return text;
}

TEST(FileTree, MakesMissingParentsAndWalksInByteOrder) {
    FileTree tree;
    tree.put_file("/usr/bin/env", "x");
    tree.put_file("/usr/bin-extra", "y");
    tree.put_file("etc//./fstab/", "z");
    EXPECT_EQ(names_in(tree), "/etc\n/etc/fstab\n/usr\n/usr/bin\n/usr/bin/env\n/usr/bin-extra\n");
    EXPECT_EQ(tree.count(), 6U);
    EXPECT_EQ(tree.find("/usr")->permissions, 0755U);
    EXPECT_EQ(tree.find("/etc/fstab")->content.whole(), "z");
}

TEST(FileTree, FollowsParentsThatAreSymlinksToDirectories) {
    FileTree tree;
    tree.put_directory("/usr/bin");
    tree.put_symlink("/bin", "usr/bin");
    tree.put_symlink("/usr/local", "/bin/../share");
    tree.put_file("/bin/sh", "shell");
    tree.put_file("/usr/local/doc/a", "text");
    EXPECT_EQ(names_in(tree),
              "/bin -> usr/bin\n/usr\n/usr/bin\n/usr/bin/sh\n/usr/local -> /bin/../share\n"
              "/usr/share\n/usr/share/doc\n/usr/share/doc/a\n");
    EXPECT_EQ(tree.find("/bin/sh"), tree.find("/usr/bin/sh"));
    EXPECT_EQ(tree.find("/bin")->type, NodeType::symlink) << "the last name is not followed";
}

TEST(FileTree, NeverLeadsOutOfItself) {
    FileTree tree;
    tree.put_symlink("/out", "../../..");
    tree.put_file("/../../etc/passwd", "a");
    tree.put_file("/out/etc/shadow", "b");
    EXPECT_EQ(names_in(tree), "/etc\n/etc/passwd\n/etc/shadow\n/out -> ../../..\n");
    EXPECT_EQ(tree.find("/.."), tree.find("/"));
}

TEST(FileTree, NamesALoopOfSymlinks) {
    FileTree tree;
    tree.put_symlink("/a", "b");
    tree.put_symlink("/b", "/a");
    EXPECT_EQ(error_of([&] { tree.put_file("/a/x", ""); }),
              "usage: cannot put a file at '/a/x': a leads into a loop of symlinks");
    EXPECT_EQ(tree.find("/a/x"), nullptr);
    EXPECT_FALSE(tree.remove("/b/x"));
}

TEST(FileTree, RefusesAParentThatIsAFile) {
    FileTree tree;
    tree.put_file("/etc", "");
    EXPECT_EQ(error_of([&] { tree.put_file("/etc/fstab", ""); }),
              "usage: cannot put a file at '/etc/fstab': etc is not a directory");
    EXPECT_EQ(error_of([&] { tree.put_file("/etc/..", ""); }),
              "usage: cannot put a file at '/etc/..': it names a directory");
    EXPECT_EQ(error_of([&] { tree.put_file("/", ""); }),
              "usage: cannot put a file at '/': it names a directory");
}

TEST(FileTree, RefusesToNestWithoutEnd) {
    FileTree tree;
    std::string path;
    for (int level = 0; level < 3000; ++level)
        path += "/d";
    EXPECT_TRUE(error_of([&] { tree.put_file(path, ""); }).ends_with("/d': it is nested too deep"));
    EXPECT_LT(tree.count(), 3000U);
}

TEST(FileTree, MergesADirectoryPutOnADirectory) {
    FileTree tree;
    tree.put_file("/srv/kept", "");
    tree.put_directory("/srv", 01777);
    EXPECT_EQ(tree.find("/srv")->permissions, 01777U);
    EXPECT_NE(tree.find("/srv/kept"), nullptr);

    auto root = std::make_shared<Inode>();
    root->type = NodeType::directory;
    root->permissions = 0700;
    root->entries["new"] = std::make_shared<Inode>();
    tree.put("/", root);
    EXPECT_EQ(names_in(tree), "/new\n/srv\n/srv/kept\n");
    EXPECT_EQ(tree.root().permissions, 0700U);
}

TEST(FileTree, KeepsASymlinkToADirectoryUnderADirectory) {
    FileTree tree;
    tree.put_directory("/usr/lib");
    tree.put_symlink("/lib", "usr/lib");
    tree.put_symlink("/dangling", "nowhere");
    tree.put_directory("/lib", 0700);
    tree.put_directory("/dangling");
    EXPECT_EQ(tree.find("/lib")->type, NodeType::symlink);
    EXPECT_EQ(tree.find("/usr/lib")->permissions, 0755U);
    EXPECT_EQ(tree.find("/dangling")->type, NodeType::directory);
}

TEST(FileTree, ReplacesWhatIsNoDirectory) {
    FileTree tree;
    tree.put_file("/a", "old");
    tree.put_file("/a", "new");
    EXPECT_EQ(tree.find("/a")->content.whole(), "new");
    tree.put_symlink("/a", "b");
    EXPECT_EQ(tree.find("/a")->type, NodeType::symlink);
    EXPECT_TRUE(tree.remove("/a"));
    EXPECT_FALSE(tree.remove("/a"));
    EXPECT_FALSE(tree.remove("/"));
}

TEST(FileTree, SharesAnInodeBetweenHardLinks) {
    FileTree tree;
    tree.put_file("/a/one", "x");
    tree.put("/b/two", tree.find("/a/one"));
    tree.find("/b/two")->permissions = 0600;
    EXPECT_EQ(tree.find("/a/one")->permissions, 0600U);
}

TEST(Content, ReadsAPartFromEverySource) {
    const TempDir dir;
    write_file(dir.path() / "file", "0123456789");
    const auto mapping = MappedFile::open(dir.path() / "file");
    for (const Content& content : {Content::text("0123456789"), Content::mapped(mapping, mapping->bytes()),
                                   Content::file(dir.path() / "file", 10)}) {
        std::string part(3, '?');
        content.read(4, std::as_writable_bytes(std::span(part)));
        EXPECT_EQ(part, "456");
        EXPECT_EQ(content.whole(), "0123456789");
        EXPECT_EQ(content.size(), 10U);
    }
    EXPECT_EQ(Content().whole(), "");
}

TEST(Content, NamesAFileThatShrankOrWent) {
    const TempDir dir;
    const std::filesystem::path file = dir.path() / "shrinks";
    write_file(file, "0123456789");
    const Content content = Content::file(file, 10);
    write_file(file, "01234");
    EXPECT_EQ(error_of([&] { content.whole(); }), "host: " + file.string() +
                                                      " became shorter while it was read\nhint: make sure "
                                                      "that no program writes to it, and build again");
    std::filesystem::remove(file);
    EXPECT_EQ(error_of([&] { content.whole(); }),
              "host: cannot read " + file.string() + ": No such file or directory");
}

}  // namespace
}  // namespace lktest
