// SPDX-License-Identifier: MIT
#include "builder/layer/squashfs_tree.hpp"

#include <gtest/gtest.h>
#include <sys/sysmacros.h>

#include "builder/base/file.hpp"
#include "builder/layer/squashfs_writer.hpp"
#include "builder/tests/support/error_of.hpp"
#include "builder/tests/support/listing.hpp"
#include "builder/tests/support/nobody.hpp"

namespace lktest {
namespace {

std::shared_ptr<Inode> node(NodeType type, mode_t permissions) {
    auto inode = std::make_shared<Inode>();
    inode->type = type;
    inode->permissions = permissions;
    return inode;
}

/// Files that only root can make in a directory, or that a copy could lose.
FileTree odd_tree() {
    FileTree tree;
    auto text = node(NodeType::regular, 04751);
    text->content = Content::text("short");
    text->uid = 1234;
    text->gid = 70000;
    text->mtime = 77;
    text->xattrs["security.capability"] = std::string("\1\0\2", 3);
    tree.put("/usr/bin/text", text);
    tree.put("/linked", text);
    auto holes = node(NodeType::regular, 0600);
    holes->content = Content::text(std::string(300'000, 'x') + std::string(900'000, '\0') + "end");
    tree.put("/holes", holes);
    tree.put_file("/none", "");
    tree.put_symlink("/out", "/etc/passwd");
    auto disk = node(NodeType::block_device, 0660);
    disk->device = makedev(259, 300);
    tree.put("/dev/disk", disk);
    tree.put("/dev/whiteout", node(NodeType::character_device, 0));
    tree.put("/pipe", node(NodeType::fifo, 0620));
    return tree;
}

/// An image of the tree, after other bytes as in an ISO.
struct Image {
    TempDir dir;
    ByteView file;
    explicit Image(const FileTree& tree) {
        write_squashfs(tree, dir.path() / "image", {}, 1LL << 32, 1, nobody);
        file = ByteView::of_memory(std::string(5000, 'p') + read_file(dir.path() / "image"));
    }
    SquashfsSource source() const { return {file.from(5000), "the image", "it"}; }
};

TEST(SquashfsTree, HasAllThatTheImageHasWhoeverReadsIt) {
    const FileTree tree = odd_tree();
    const Image image(tree);
    const FileTree read = squashfs_tree(image.source(), {}, image.dir.path() / "cache", nobody);
    EXPECT_EQ(listing(read), listing(tree));
    EXPECT_EQ(read.find("/linked"), read.find("/usr/bin/text"));
}

TEST(SquashfsTree, UnpacksNothingASecondTime) {
    const Image image(odd_tree());
    int steps = 0;
    const Progress count = [&](auto...) { ++steps; };
    for (int round = 0; round < 2; ++round)
        squashfs_tree(image.source(), {}, image.dir.path() / "cache", count);
    const int once = std::exchange(steps, 0);
    EXPECT_GT(once, 0);
    const FileTree read = squashfs_tree(image.source(), {}, image.dir.path() / "cache", count);
    EXPECT_EQ(steps, 0);
    EXPECT_EQ(listing(read), listing(odd_tree()));
}

TEST(SquashfsTree, LeavesOutWhatIsExcludedAndKeepsItsHardLinks) {
    const Image image(odd_tree());
    const FileTree read =
        squashfs_tree(image.source(), {"/linked", "/dev"}, image.dir.path() / "cache", nobody);
    EXPECT_FALSE(read.find("/linked"));
    EXPECT_FALSE(read.find("/dev"));
    EXPECT_EQ(read.find("/usr/bin/text")->content.whole(), "short");
}

TEST(SquashfsTree, NamesWhatIsDamaged) {
    const Image image(odd_tree());
    const SquashfsSource cut{image.file.part(5000, 200), "the image", "cut"};
    EXPECT_EQ(error_of([&] { squashfs_tree(cut, {}, image.dir.path() / "cache", nobody); }).substr(0, 17),
              "usage: the image ");
    constexpr std::size_t fragment_count = 16;  // its position in the superblock
    std::string bytes = read_file(image.dir.path() / "image");
    bytes.replace(fragment_count, 4, "\xff\xff\xff\x0f");
    const SquashfsSource lies{ByteView::of_memory(bytes), "the image", "lies"};
    EXPECT_EQ(error_of([&] { squashfs_tree(lies, {}, image.dir.path() / "cache", nobody); }),
              "usage: the image is damaged or not a SquashFS image: its 268435455 fragments");
}

TEST(SquashfsTree, ReadsInodesThatPointToAttributesWhichTheImageHasNot) {
    const Image image(odd_tree());
    std::string bytes = read_file(image.dir.path() / "image");
    constexpr std::size_t flags = 24, attributes_start = 56;  // of the superblock
    constexpr int no_attributes = 0x0200;
    bytes[flags + 1] = static_cast<char>(bytes[flags + 1] | no_attributes >> 8);
    bytes.replace(attributes_start, 8, 8, '\xff');
    const SquashfsSource source{ByteView::of_memory(bytes), "the image", "none"};
    const FileTree read = squashfs_tree(source, {}, image.dir.path() / "cache", nobody);
    EXPECT_TRUE(read.find("/linked")->xattrs.empty());
}

}  // namespace
}  // namespace lktest
