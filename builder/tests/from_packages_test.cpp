// SPDX-License-Identifier: MIT
#include "builder/tree/from_packages.hpp"

#include <gtest/gtest.h>
#include <sys/sysmacros.h>

#include <clocale>

#include "builder/tests/support/error_of.hpp"
#include "builder/tests/support/make_deb.hpp"

namespace lktest {
namespace {
namespace fs = std::filesystem;

constexpr mode_t directory = 040755, symlink = 0120777;

std::string paths_of(const FileTree& tree) {
    std::string text;
    tree.walk([&](const std::string& path, const Inode&) { text += path + " "; });
    return text;
}

FileTree tree_of(const Package& package, const fs::path& cache,
                 const std::vector<std::string>& exclude = {}) {
    FileTree tree;
    add_package(tree, package, cache, exclude);
    return tree;
}

TEST(AddPackage, KeepsEverythingThatATarCanHold) {
    const TempDir dir;
    const std::vector<DebEntry> entries{
        {.path = "./", .mode = 040750},
        {.path = "./bin/", .mode = directory},
        {.path = "./bin/su", .mode = 0104755, .text = "program"},
        {.path = "./bin/also", .mode = 0104755, .hardlink = "./bin/su"},
        {.path = "./bin/sh", .mode = symlink, .text = "su"},
        {.path = "./dev/nvme", .mode = 060660, .major = 259, .minor = 300},
        {.path = "./dev/pipe", .mode = 010600},
        {.path = "./empty"},
        {.path = "./f\xc5\x91tan\xc3\xba", .text = "not ASCII"},
        {.path = "./" + std::string(150, 'n'), .text = "long"},
    };
    for (const std::string filter : {"xz", "zstd", "gzip", "none"}) {
        const FileTree tree = tree_of(make_deb(dir.path(), "a-" + filter, entries, filter), dir.path());
        EXPECT_EQ(tree.root().permissions, 0750U);
        const auto su = tree.find("/bin/su");
        ASSERT_TRUE(su) << paths_of(tree);
        EXPECT_EQ(su->content.whole(), "program");
        EXPECT_EQ(su->permissions, 04755U);
        EXPECT_EQ(su->uid, 1U);
        EXPECT_EQ(su->gid, 2U);
        EXPECT_EQ(su->mtime, 1000);
        EXPECT_EQ(su, tree.find("/bin/also"));
        EXPECT_EQ(tree.find("/bin/sh")->target, "su");
        EXPECT_EQ(tree.find("/dev/nvme")->type, NodeType::block_device);
        EXPECT_EQ(tree.find("/dev/nvme")->device, makedev(259, 300));
        EXPECT_EQ(tree.find("/dev/pipe")->type, NodeType::fifo);
        EXPECT_EQ(tree.find("/empty")->content.size(), 0U);
        EXPECT_EQ(tree.find("/f\xc5\x91tan\xc3\xba")->content.whole(), "not ASCII");
        EXPECT_EQ(tree.find("/" + std::string(150, 'n'))->content.whole(), "long");
    }
}

TEST(AddPackage, ReadsPaxHeadersInTheCLocale) {
    const TempDir dir;
    const std::string longer(200, 'x');
    std::setlocale(LC_CTYPE, "C.UTF-8");  // libarchive's writer needs it
    const Package package = make_deb(dir.path(), "pax",
                                     {{.path = "./ping",
                                       .mode = 0100755,
                                       .text = "x",
                                       .xattr = "security.capability",
                                       .xattr_value = std::string("\1\0\0", 3)},
                                      {.path = "./f\xc5\x91/" + longer, .text = "y"},
                                      {.path = "./s\xc5\x91", .mode = symlink, .text = "\xc5\x91/" + longer},
                                      {.path = "./h\xc5\x91", .hardlink = "./f\xc5\x91/" + longer}},
                                     "xz", true);
    std::setlocale(LC_CTYPE, "C");
    const FileTree tree = tree_of(package, dir.path());
    EXPECT_EQ(tree.find("/ping")->xattrs,
              (std::map<std::string, std::string>{{"security.capability", std::string("\1\0\0", 3)}}));
    ASSERT_TRUE(tree.find("/f\xc5\x91/" + longer)) << paths_of(tree);
    EXPECT_EQ(tree.find("/s\xc5\x91")->target, "\xc5\x91/" + longer);
    EXPECT_EQ(tree.find("/h\xc5\x91"), tree.find("/f\xc5\x91/" + longer));
}

TEST(AddPackage, LeavesOutWhatMatchesWithAllBelow) {
    const TempDir dir;
    const Package package =
        make_deb(dir.path(), "a",
                 {{.path = "./lib/firmware/x/y", .text = "1"},
                  {.path = "./usr/share/doc/a/copyright", .text = "2"},
                  {.path = "./usr/share/documents", .text = "3"},
                  {.path = "./usr/share/man/de/man1/a.1", .text = "4"},
                  {.path = "./usr/share/man/man1/a.1", .text = "5"},
                  {.path = "./usr/share/linked", .hardlink = "./usr/share/man/man1/a.1"}});
    const FileTree tree =
        tree_of(package, dir.path(), {"/usr/lib/firmware", "/usr/share/doc", "/usr/share/man/*"});
    EXPECT_EQ(paths_of(tree), "/usr /usr/share /usr/share/documents /usr/share/linked ");
    EXPECT_EQ(tree.find("/usr/share/linked")->content.whole(), "5")
        << "its bytes are in the package under another name";
    EXPECT_EQ(tree_of(package, dir.path()).count(), 17U);
}

TEST(AddPackage, UnpacksAgainWhenThePackageIsAnother) {
    const TempDir dir;
    const Package package = make_deb(dir.path(), "a", {{.path = "./one", .text = "1"}});
    EXPECT_EQ(paths_of(tree_of(package, dir.path())), "/one ");
    make_deb(dir.path(), "a", {{.path = "./two", .text = "2"}});
    EXPECT_EQ(paths_of(tree_of(package, dir.path())), "/two ");
}

TEST(AddPackage, NamesADamagedPackage) {
    const TempDir dir;
    const Package whole = make_deb(dir.path(), "a", {{.path = "./one", .text = std::string(100000, 'x')}});
    const std::string bytes = read_file(whole.deb), path = whole.deb;
    const std::string hint = "\nhint: remove " + path + ", so that it is downloaded again";
    const auto error = [&](const std::string& content) {
        write_file(whole.deb, content);
        FileTree tree;
        return error_of([&] { add_package(tree, whole, dir.path(), {}); });
    };
    const std::string start = "host: " + path + " is not a valid Debian package: ";
    std::string flipped = bytes;
    flipped[flipped.size() - 100] ^= 0x20;
    for (const std::string& content : {std::string(), std::string("no package"), bytes.substr(0, 100),
                                       bytes.substr(0, bytes.size() - 200), flipped}) {
        const std::string message = error(content);
        EXPECT_TRUE(message.starts_with(start) && message.ends_with(hint)) << message;
    }
    EXPECT_EQ(error(bytes.substr(0, bytes.find("data.tar"))), start + "it has no data.tar" + hint);
    fs::remove(whole.deb);
    EXPECT_EQ(error_of([&] { tree_of(whole, dir.path()); }),
              "host: cannot read " + path + ": No such file or directory");
    EXPECT_TRUE(fs::is_empty(dir.path() / "tars")) << "a partial tar was left";
}

TEST(AddPackage, LetsNoPathOutOfTheTree) {
    const TempDir dir;
    const FileTree tree = tree_of(make_deb(dir.path(), "a",
                                           {{.path = "./up", .mode = symlink, .text = "../.."},
                                            {.path = "./up/../x", .text = "1"},
                                            {.path = "../../y", .text = "2"}}),
                                  dir.path());
    EXPECT_EQ(paths_of(tree), "/up /x /y ");
}

TEST(AddPackage, KeepsADirectoryWhereThePackageHasASymlink) {
    const TempDir dir;
    FileTree tree;
    tree.put_file("/usr/share/a/kept", "");
    const Package link =
        make_deb(dir.path(), "link", {{.path = "./usr/share/a", .mode = symlink, .text = "b"}});
    add_package(tree, link, dir.path(), {});
    EXPECT_EQ(paths_of(tree), "/usr /usr/share /usr/share/a /usr/share/a/kept ");
    const Package file = make_deb(dir.path(), "file", {{.path = "./usr/share/a", .text = "b"}});
    EXPECT_EQ(error_of([&] { add_package(tree, file, dir.path(), {}); }),
              "host: " + file.deb.string() +
                  " is not a valid Debian package: its file /usr/share/a is a directory of another package"
                  "\nhint: remove " +
                  file.deb.string() + ", so that it is downloaded again");
}

TEST(PackagesTree, MergesUsrAsDebianDoes) {
    const TempDir dir;
    const std::vector<DebEntry> entries{{.path = "./bin/", .mode = directory},
                                        {.path = "./bin/sh", .text = "1"},
                                        {.path = "./lib64/ld.so", .text = "2"}};
    const auto paths = [&](const std::string& arch) {
        return paths_of(
            packages_tree({make_deb(dir.path(), "a", entries, "xz", false, arch),
                           make_deb(dir.path(), "b", {{.path = "./usr/bin/env"}}, "xz", false, "all")},
                          dir.path(), {}, {}));
    };
    EXPECT_EQ(paths("amd64"),
              "/bin /lib /lib64 /sbin /usr /usr/bin /usr/bin/env /usr/bin/sh /usr/lib /usr/lib64 "
              "/usr/lib64/ld.so /usr/sbin ");
    EXPECT_EQ(
        paths("arm64"),
        "/bin /lib /lib64 /lib64/ld.so /sbin /usr /usr/bin /usr/bin/env /usr/bin/sh /usr/lib /usr/sbin ");
}

TEST(PackagesTree, TellsHowFarItHasCome) {
    const TempDir dir;
    std::vector<Package> packages;
    for (const std::string name : {"a", "b", "c"})
        packages.push_back(make_deb(dir.path(), name, {{.path = "./" + name}}));
    std::string told;
    packages_tree(
        packages, dir.path(), {}, [&](std::string_view step, std::uint64_t done, std::uint64_t total) {
            told += std::string(step) + " " + std::to_string(done) + "/" + std::to_string(total) + "\n";
        });
    EXPECT_EQ(told, "unpack 1/3\nunpack 2/3\nunpack 3/3\n");
}

}  // namespace
}  // namespace lktest
