// SPDX-License-Identifier: MIT
#include "builder/tree/tar.hpp"

#include <gtest/gtest.h>
#include <sys/sysmacros.h>

#include "builder/tests/support/error_of.hpp"
#include "builder/tests/support/make_deb.hpp"

namespace lktest {
namespace {
namespace fs = std::filesystem;

const std::vector<DebEntry> entries{
    {.path = "./", .mode = 040750},
    {.path = "./bin/", .mode = 041777},
    {.path = "./bin/ping",
     .mode = 0104755,
     .text = "program",
     .xattr = "security.capability",
     .xattr_value = std::string("\1\0\0", 3)},
    {.path = "./bin/also", .mode = 0104755, .hardlink = "./bin/ping"},
    {.path = "./sh", .mode = 0120777, .text = "/bin/ping"},
    {.path = "./nvme", .mode = 060660, .major = 259, .minor = 300},
    {.path = "./tty", .mode = 020620, .major = 5, .minor = 0},
    {.path = "./pipe", .mode = 010600},
    {.path = "./var/cache/x", .text = "left out"},
};

TEST(TarTree, HoldsWhatTheArchiveHoldsWhateverItsCompression) {
    const TempDir dir;
    for (const std::string filter : {"none", "gzip", "xz", "zstd"}) {
        const fs::path file = dir.path() / ("root-" + filter);
        write_file(file, make_tar(entries, true, filter));
        EXPECT_TRUE(is_tar(file));
        const FileTree tree = tar_tree(file, {"/var/cache/*"}, dir.path() / "cache");
        EXPECT_EQ(tree.root().permissions, 0750U) << filter;
        const auto ping = tree.find("/bin/ping");
        ASSERT_TRUE(ping);
        EXPECT_EQ(ping->content.whole(), "program");
        EXPECT_EQ(ping->permissions, 04755U);
        EXPECT_EQ(ping->uid, 1U);
        EXPECT_EQ(ping->gid, 2U);
        EXPECT_EQ(ping->mtime, 1000);
        EXPECT_EQ(ping->xattrs.at("security.capability"), std::string("\1\0\0", 3));
        EXPECT_EQ(ping, tree.find("/bin/also"));
        EXPECT_EQ(tree.find("/bin")->permissions, 01777U);
        EXPECT_EQ(tree.find("/sh")->target, "/bin/ping");
        EXPECT_EQ(tree.real_path("/sh"), "/bin/ping");
        EXPECT_EQ(tree.find("/nvme")->device, makedev(259, 300));
        EXPECT_EQ(tree.find("/tty")->type, NodeType::character_device);
        EXPECT_EQ(tree.find("/pipe")->type, NodeType::fifo);
        EXPECT_FALSE(tree.find("/var/cache/x"));
    }
}

TEST(TarTree, RefusesWhatIsDamagedOrNoTarByName) {
    const TempDir dir;
    const std::string file = dir.path() / "root.tar";
    write_file(file, "no tar\n");
    EXPECT_FALSE(is_tar(file));
    EXPECT_EQ(error_of([&] { tar_tree(file, {}, dir.path()); }), "usage: " + file + " is not a tar archive");
    const std::string whole = make_tar({{.path = "./a", .text = std::string(100000, 'x')}}, false, "none");
    write_file(file, std::string_view(whole).substr(0, 50000));
    EXPECT_TRUE(error_of([&] {
                    tar_tree(file, {}, dir.path());
                }).starts_with("usage: " + file + " is not a valid tar archive: "));
    const std::string packed = make_tar({{.path = "./a", .text = std::string(100000, 'x')}}, false, "gzip");
    write_file(file, std::string_view(packed).substr(0, packed.size() - 20));
    EXPECT_TRUE(error_of([&] { tar_tree(file, {}, dir.path()); }).starts_with("usage: ")) << "cut short";
}

TEST(TarTree, LeadsNoPathOutOfTheTree) {
    const TempDir dir;
    const std::string file = dir.path() / "root.tar";
    write_file(file, make_tar({{.path = "../../etc/passwd", .text = "x"}}, false, "none"));
    EXPECT_EQ(tar_tree(file, {}, dir.path()).find("/etc/passwd")->content.whole(), "x");
}

}  // namespace
}  // namespace lktest
