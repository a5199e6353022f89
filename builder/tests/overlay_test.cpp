// SPDX-License-Identifier: MIT
#include "builder/tree/overlay.hpp"

#include <gtest/gtest.h>

namespace lktest {
namespace {

FileTree lower() {
    FileTree tree;
    for (const char* path : {"/etc/a", "/etc/b", "/var/cache/x", "/var/cache/y", "/usr/bin/z"})
        tree.put_file(path, "lower");
    return tree;
}

void put_whiteout(FileTree& tree, const std::string& path) {
    auto inode = std::make_shared<Inode>();
    inode->type = NodeType::character_device;
    tree.put(path, inode);
}

std::string names(const FileTree& tree) {
    std::string text;
    tree.walk([&](const std::string& path, const Inode& inode) {
        if (inode.type != NodeType::directory)
            text += path + "=" + (inode.target.empty() ? inode.content.whole() : "→" + inode.target) + " ";
    });
    return text;
}

TEST(LayOver, AddsReplacesAndTakesAway) {
    FileTree below = lower(), above;
    above.put_file("/etc/b", "upper");
    above.put_file("/etc/c", "upper");
    above.put_directory("/etc", 0700);
    put_whiteout(above, "/etc/a");
    above.put_file("/var/.wh.cache", "");
    above.put_symlink("/usr/bin", "sbin");  // a file in place of a directory
    lay_over(below, above);
    EXPECT_EQ(names(below), "/etc/b=upper /etc/c=upper /usr/bin=→sbin ");
    EXPECT_EQ(below.find("/etc")->permissions, 0700U);
}

TEST(LayOver, AnOpaqueDirectoryHidesAllBelowIt) {
    FileTree below = lower(), above;
    above.put_file("/var/cache/new", "upper");
    above.find("/var/cache")->xattrs = {{"trusted.overlay.opaque", "y"}, {"user.note", "kept"}};
    above.put_file("/etc/.wh..wh..opq", "");
    lay_over(below, above);
    EXPECT_EQ(names(below), "/usr/bin/z=lower /var/cache/new=upper ");
    EXPECT_EQ(below.find("/var/cache")->xattrs, (std::map<std::string, std::string>{{"user.note", "kept"}}));
}

}  // namespace
}  // namespace lktest
