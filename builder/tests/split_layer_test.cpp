// SPDX-License-Identifier: MIT
#include "builder/split_layer.hpp"

#include <gtest/gtest.h>

#include "builder/tests/support/listing.hpp"
#include "builder/tree/overlay.hpp"

namespace lktest {
namespace {

TEST(SplitLayer, StacksToTheSameTree) {
    FileTree tree;
    for (const char* path : {"/a/1", "/a/2", "/b/3", "/b/c/4", "/d/5"})
        tree.put_file(path, std::string(40, path[3]));
    tree.put("/d/again", tree.find("/a/1"));
    tree.put_directory("/empty", 0700);
    tree.put_symlink("/b/link", "../a/2");
    tree.find("/b")->permissions = 0711;
    const std::vector<FileTree> layers = split_layer(tree, 100);
    ASSERT_EQ(layers.size(), 3U);
    FileTree united;
    for (const FileTree& layer : layers) {
        lay_over(united, layer);
        std::uint64_t size = 0;
        layer.walk([&](const std::string& path, const Inode& inode) {
            size += inode.type == NodeType::regular && path != "/d/again" ? inode.content.size() : 0;
        });
        EXPECT_LE(size, 100U);
    }
    EXPECT_EQ(listing(united), listing(tree));
}

TEST(SplitLayer, KeepsASmallTreeWhole) {
    FileTree tree;
    tree.put_file("/large", std::string(200, 'x'));
    EXPECT_EQ(split_layer(tree, 1000).size(), 1U);
    EXPECT_EQ(split_layer(tree, 100).size(), 1U) << "one file is never split";
}

TEST(LargerFile, IsFoundBeforeAnythingIsCompressed) {
    FileTree tree;
    tree.put_file("/a/small", "x");
    auto disk = std::make_shared<Inode>();
    disk->content = Content::file("/not/read", std::uint64_t{5} << 30);
    tree.put("/var/disk.img", disk);
    EXPECT_EQ(larger_file(tree, std::uint64_t{4} << 30), "/var/disk.img");
    EXPECT_EQ(larger_file(tree, std::uint64_t{5} << 30), "");
}

}  // namespace
}  // namespace lktest
