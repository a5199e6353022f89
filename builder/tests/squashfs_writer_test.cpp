// SPDX-License-Identifier: MIT
#include "builder/layer/squashfs_writer.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sqfs/dir_reader.h>
#include <sqfs/inode.h>
#include <sqfs/io.h>
#include <sqfs/super.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <random>

#include "builder/base/process.hpp"
#include "builder/layer/squashfs_compressor.hpp"
#include "builder/tests/support/error_of.hpp"
#include "builder/tree/from_directory.hpp"

namespace lktest {
namespace {
namespace fs = std::filesystem;

constexpr std::int64_t epoch = 1700000000;  // 2023-11-14 22:13:20 UTC
constexpr std::size_t block = 128 << 10;

/// Incompressible bytes.
std::string noise(std::size_t size, unsigned seed) {
    std::mt19937 random(seed);
    std::string bytes(size, '\0');
    for (char& byte : bytes)
        byte = static_cast<char>(random());
    return bytes;
}

void put_node(FileTree& tree, const std::string& path, NodeType type, dev_t device = 0) {
    auto inode = std::make_shared<Inode>();
    inode->type = type;
    inode->device = device;
    inode->gid = 6;
    inode->permissions = 0660;
    tree.put(path, inode);
}

/// One of everything that SquashFS can hold, and of past bugs.
FileTree tricky_tree() {
    FileTree tree;
    tree.put_file("/a/linked", "three names\n");
    tree.put("/a/too", tree.find("/a/linked"));
    tree.put("/z/linked", tree.find("/a/linked"));
    tree.find("/a/linked")->uid = 70000;
    put_node(tree, "/dev/console", NodeType::character_device, makedev(5, 1));
    put_node(tree, "/dev/nvme299p1", NodeType::block_device, makedev(259, 300));
    put_node(tree, "/dev/far", NodeType::character_device, makedev(511, 70000));
    put_node(tree, "/dev/log", NodeType::socket);
    put_node(tree, "/dev/pipe", NodeType::fifo);
    tree.put("/z/pipe", tree.find("/dev/pipe"));
    tree.put_symlink("/dev/stdin", "/proc/self/fd/0");
    tree.put("/z/stdin", tree.find("/dev/stdin"));
    tree.put_directory("/empty", 01777);
    tree.put_file("/files/empty", "");
    tree.put_file("/files/fragment", "short", 04755);
    tree.put_file("/files/one-block", noise(block, 1));
    tree.put_file("/files/blocks-and-tail", noise(2 * block + 1000, 2));
    tree.put_file("/files/same", noise(2 * block + 1000, 2));
    tree.put_file("/files/holes", std::string(3 * block, '\0') + "end");
    tree.put_file("/files/zeros", std::string(5 * block, '\0'));
    tree.put_file("/files/f\xc5\x91tan\xc3\xba", "not ASCII");
    tree.find("/files/fragment")->xattrs = {
        {"security.capability", std::string("\1\0\0\2\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20)},
        {"user.note", "kept"}};
    tree.find("/files/empty")->xattrs = {{"user.note", "kept"}};
    tree.find("/files/same")->mtime = 1234567890;
    tree.find("/files/holes")->mtime = epoch + 5;
    tree.find("/empty")->mtime = -1;
    for (int n = 0; n < 600; ++n)
        tree.put_file("/many/" + std::to_string(n), std::to_string(n));
    return tree;
}

std::string image_of(const FileTree& tree, const fs::path& file, const Compression& compression = {},
                     unsigned workers = 2) {
    write_squashfs(tree, file, compression, epoch, workers, {});
    return read_file(file);
}

/// "drwxrwxrwt 0/0 3 2023-11-14 22:13 squashfs-root/empty", a line each.
std::string unsquashfs_listing(const fs::path& image) {
    return check_process({"unsquashfs", "-lln", image},
                         {.environment = {{"TZ", "UTC"}, {"LC_ALL", "C.UTF-8"}}});
}

void unsquash(const fs::path& image, const fs::path& directory) {
    const ProcessResult result = run_process({"unsquashfs", "-n", "-q", "-d", directory, image});
    // 2: it extracted all but what only root may make.
    EXPECT_TRUE(result.status == 0 || (result.status == 2 && ::geteuid() != 0)) << result.err;
}

TEST(WriteSquashfs, KeepsEveryKindOfFile) {
    const TempDir dir;
    FileTree tree = tricky_tree();
    tree.remove("/many");
    for (const std::string path :
         {"/dev/nvme299p1", "/dev/far"})  // unsquashfs lists them wrong; they are tested below
        tree.remove(path);
    image_of(tree, dir.path() / "image");
    EXPECT_EQ(
        unsquashfs_listing(dir.path() / "image"),
        "drwxr-xr-x 0/0                      70 1970-01-01 00:00 squashfs-root\n"
        "drwxr-xr-x 0/0                      40 1970-01-01 00:00 squashfs-root/a\n"
        "-rw-r--r-- 70000/0                  12 1970-01-01 00:00 squashfs-root/a/linked\n"
        "-rw-r--r-- 70000/0                  12 1970-01-01 00:00 squashfs-root/a/too\n"
        "drwxr-xr-x 0/0                      66 1970-01-01 00:00 squashfs-root/dev\n"
        "crw-rw---- 0/6                   5,  1 1970-01-01 00:00 squashfs-root/dev/console\n"
        "srw-rw---- 0/6                       0 1970-01-01 00:00 squashfs-root/dev/log\n"
        "prw-rw---- 0/6                       0 1970-01-01 00:00 squashfs-root/dev/pipe\n"
        "lrwxrwxrwx 0/0                      15 1970-01-01 00:00 squashfs-root/dev/stdin -> "
        "/proc/self/fd/0\n"
        "drwxrwxrwt 0/0                       3 1970-01-01 00:00 squashfs-root/empty\n"
        "drwxr-xr-x 0/0                     138 1970-01-01 00:00 squashfs-root/files\n"
        "-rw-r--r-- 0/0                  263144 1970-01-01 00:00 squashfs-root/files/blocks-and-tail\n"
        "-rw-r--r-- 0/0                       0 1970-01-01 00:00 squashfs-root/files/empty\n"
        "-rwsr-xr-x 0/0                       5 1970-01-01 00:00 squashfs-root/files/fragment\n"
        "-rw-r--r-- 0/0                       9 1970-01-01 00:00 squashfs-root/files/f\xc5\x91tan\xc3\xba\n"
        "-rw-r--r-- 0/0                  393219 2023-11-14 22:13 squashfs-root/files/holes\n"
        "-rw-r--r-- 0/0                  131072 1970-01-01 00:00 squashfs-root/files/one-block\n"
        "-rw-r--r-- 0/0                  263144 2009-02-13 23:31 squashfs-root/files/same\n"
        "-rw-r--r-- 0/0                  655360 1970-01-01 00:00 squashfs-root/files/zeros\n"
        "drwxr-xr-x 0/0                      54 1970-01-01 00:00 squashfs-root/z\n"
        "-rw-r--r-- 70000/0                  12 1970-01-01 00:00 squashfs-root/z/linked\n"
        "prw-rw---- 0/6                       0 1970-01-01 00:00 squashfs-root/z/pipe\n"
        "lrwxrwxrwx 0/0                      15 1970-01-01 00:00 squashfs-root/z/stdin -> "
        "/proc/self/fd/0\n");
}

TEST(WriteSquashfs, KeepsContentsLinksAndTimes) {
    const TempDir dir;
    const FileTree tree = tricky_tree();
    for (const Compressor compressor :
         {Compressor::zstd, Compressor::xz, Compressor::lz4, Compressor::gzip}) {
        const std::string kind(name(compressor));
        const fs::path image = dir.path() / kind, out = dir.path() / (kind + "-root");
        image_of(tree, image, {.compressor = compressor});
        EXPECT_NE(check_process({"unsquashfs", "-s", image}).find("Compression " + kind), std::string::npos);
        unsquash(image, out);
        std::size_t files = 0;
        tree.walk([&](const std::string& path, const Inode& inode) {
            if (inode.type != NodeType::regular)
                return;
            ++files;
            const fs::path found = out.string() + path;
            EXPECT_TRUE(read_file(found) == inode.content.whole()) << found;
        });
        EXPECT_EQ(files, 611U);
        const auto inode_number = [&](const std::string& path) {
            struct stat status {};
            EXPECT_EQ(::lstat((out.string() + path).c_str(), &status), 0) << path;
            return status.st_ino;
        };
        EXPECT_EQ(inode_number("/a/linked"), inode_number("/z/linked"));
        EXPECT_EQ(inode_number("/a/linked"), inode_number("/a/too"));
        EXPECT_EQ(inode_number("/dev/pipe"), inode_number("/z/pipe"));
        EXPECT_NE(inode_number("/files/same"), inode_number("/files/blocks-and-tail"));
    }
}

TEST(WriteSquashfs, KeepsXattrsAndLargeDeviceNumbers) {
    if (::geteuid() != 0)
        GTEST_SKIP() << "only root can set file capabilities when extracting";
    const TempDir dir(".");
    const FileTree tree = tricky_tree();
    image_of(tree, dir.path() / "image");
    unsquash(dir.path() / "image", dir.path() / "out");
    const FileTree back = directory_tree(dir.path() / "out");
    EXPECT_EQ(back.find("/files/fragment")->xattrs, tree.find("/files/fragment")->xattrs);
    EXPECT_EQ(back.find("/files/empty")->xattrs, tree.find("/files/empty")->xattrs);
    EXPECT_TRUE(back.find("/files/same")->xattrs.empty());
    EXPECT_EQ(back.find("/dev/nvme299p1")->device, makedev(259, 300));
    EXPECT_EQ(back.find("/dev/far")->device, makedev(511, 70000));
}

/// The link count in a path's inode, which unsquashfs does not show for directories.
std::uint32_t links_of(const fs::path& image, const std::string& path) {
    sqfs_super_t super;
    const Sqfs<sqfs_file_t> file(sqfs_open_file(image.c_str(), SQFS_FILE_OPEN_READ_ONLY));
    EXPECT_EQ(sqfs_super_read(&super, file.get()), 0);
    const auto expander = make_compressor({}, SQFS_COMP_FLAG_UNCOMPRESS);
    const Sqfs<sqfs_dir_reader_t> reader(sqfs_dir_reader_create(&super, expander.get(), file.get(), 0));
    sqfs_inode_generic_t* found = nullptr;
    EXPECT_EQ(sqfs_dir_reader_find_by_path(reader.get(), nullptr, path.c_str(), &found), 0) << path;
    const std::unique_ptr<sqfs_inode_generic_t, decltype(&sqfs_free)> inode(found, sqfs_free);
    switch (inode->base.type) {
        case SQFS_INODE_DIR: return inode->data.dir.nlink;
        case SQFS_INODE_EXT_DIR: return inode->data.dir_ext.nlink;
        case SQFS_INODE_EXT_FILE: return inode->data.file_ext.nlink;
        case SQFS_INODE_FILE: return 1;
        case SQFS_INODE_FIFO: return inode->data.ipc.nlink;
        default: return 0;
    }
}

TEST(WriteSquashfs, CountsLinks) {
    const TempDir dir;
    const fs::path image = dir.path() / "image";
    FileTree tree = tricky_tree();
    tree.put_directory("/a/below");
    tree.find("/many")->xattrs = {{"user.note", "makes a long inode"}};
    image_of(tree, image);
    EXPECT_EQ(links_of(image, "/"), 8U) << "itself, its dot, and six directories below";
    EXPECT_EQ(links_of(image, "/a"), 3U);
    EXPECT_EQ(links_of(image, "/a/below"), 2U);
    EXPECT_EQ(links_of(image, "/many"), 2U);
    EXPECT_EQ(links_of(image, "/z/linked"), 3U);
    EXPECT_EQ(links_of(image, "/dev/pipe"), 2U);
    EXPECT_EQ(links_of(image, "/files/fragment"), 1U);
}

TEST(WriteSquashfs, WarnsOfAttributesThatItCannotHold) {
    const TempDir dir;
    FileTree tree;
    tree.put_file("/var/log", "");
    tree.find("/var/log")->xattrs = {{"system.posix_acl_access", "x"}, {"user.note", "y"}};
    EXPECT_EQ(
        write_squashfs(tree, dir.path() / "image", {}, epoch, 1, {}),
        std::vector<std::string>{"/var/log: SquashFS cannot hold the attribute system.posix_acl_access"});
}

TEST(WriteSquashfs, WritesTheSameBytesForAnyNumberOfWorkers) {
    const TempDir dir;
    const FileTree tree = tricky_tree();
    for (const Compressor compressor : {Compressor::zstd, Compressor::lz4}) {
        const std::string one = image_of(tree, dir.path() / "1", {.compressor = compressor}, 1);
        for (const unsigned workers : {0U, 2U, 4U, 8U})
            EXPECT_TRUE(image_of(tree, dir.path() / "n", {.compressor = compressor}, workers) == one)
                << workers << " workers, " << name(compressor);
        EXPECT_TRUE(image_of(tricky_tree(), dir.path() / "again", {.compressor = compressor}) == one);
        EXPECT_EQ(one.size() % 4096, 0U);
    }
}

TEST(WriteSquashfs, HoldsFilesAbove4GiB) {
    const TempDir dir;
    const std::size_t size = (std::size_t{4} << 30) + 5;
    // A hole costs nothing.
    write_file(dir.path() / "zeros", "");
    fs::resize_file(dir.path() / "zeros", size - 3);
    std::ofstream(dir.path() / "zeros", std::ios::app) << "end";
    FileTree tree;
    auto inode = std::make_shared<Inode>();
    inode->content = Content::file(dir.path() / "zeros", size);
    tree.put("/large", inode);
    EXPECT_LT(image_of(tree, dir.path() / "image", {.block_size = 1 << 20}).size(), 100000U);
    unsquash(dir.path() / "image", dir.path() / "out");
    const fs::path large = dir.path() / "out/large";
    const Content back = Content::file(large, fs::file_size(large));
    EXPECT_EQ(back.size(), size);
    std::string tail(4, '?');
    back.read(size - 4, std::as_writable_bytes(std::span(tail)));
    EXPECT_EQ(tail, std::string("\0end", 4));
}

TEST(WriteSquashfs, TellsHowFarItHasCome) {
    const TempDir dir;
    std::uint64_t last = 0, whole = 0;
    write_squashfs(tricky_tree(), dir.path() / "image", {}, epoch, 2,
                   [&](std::string_view step, std::uint64_t done, std::uint64_t total) {
                       EXPECT_EQ(step, "squashfs");
                       EXPECT_GE(done, last);
                       last = done;
                       whole = total;
                   });
    EXPECT_EQ(last, whole);
    EXPECT_GT(whole, 12 * block);
}

TEST(WriteSquashfs, RefusesSettingsThatTheCompressorDoesNotHave) {
    const TempDir dir;
    const auto error = [&](const Compression& compression) {
        return error_of([&] { write_squashfs({}, dir.path() / "image", compression, epoch, 1, {}); });
    };
    EXPECT_EQ(error({Compressor::zstd, 23}),
              "usage: zstd has no compression level 23\nhint: use one from 1 to 22");
    EXPECT_EQ(error({Compressor::gzip, 10}),
              "usage: gzip has no compression level 10\nhint: use one from 1 to 9");
    EXPECT_EQ(error({Compressor::xz, 10}),
              "usage: xz has no compression level 10\nhint: use one from 1 to 9");
    EXPECT_EQ(error({Compressor::lz4, 1}), "usage: lz4 has no compression level\nhint: remove it");
    EXPECT_EQ(
        error({Compressor::zstd, 0, 5000}),
        "usage: SquashFS has no block size of 5000 bytes\nhint: use a power of two from 4 KiB to 1 MiB");
    EXPECT_TRUE(fs::is_empty(dir.path()));
}

TEST(WriteSquashfs, UsesTheLevel) {
    const TempDir dir;
    FileTree tree;
    std::string text;
    for (int n = 0; n < 50000; ++n)
        text += std::to_string(n * 31 % 7919) + " ";
    tree.put_file("/text", text);
    const auto size = [&](Compressor compressor, unsigned level) {
        const std::string image =
            image_of(tree, dir.path() / "image", {.compressor = compressor, .level = level});
        std::uint64_t bytes_used = 0;  // without the padding: SquashFS 4.0, superblock offset 40
        std::memcpy(&bytes_used, image.data() + 40, sizeof bytes_used);
        return bytes_used;
    };
    for (const Compressor compressor : {Compressor::zstd, Compressor::gzip, Compressor::xz})
        EXPECT_NE(size(compressor, 9), size(compressor, 1)) << name(compressor);
}

TEST(WriteSquashfs, HoldsAHundredThousandFiles) {
    const TempDir dir;
    FileTree tree;
    for (int n = 0; n < 100'000; ++n)
        tree.put_file(fmt::format("/{}/{}/{}", n % 7, n % 1000, n), std::to_string(n));
    const fs::path image = dir.path() / "image";
    write_squashfs(tree, image, {Compressor::lz4, 0, block}, 0, 2, {});
    EXPECT_EQ(tree.count(), 107'007U);
    EXPECT_EQ(check_process({"unsquashfs", "-cat", image.string(), "4/999/99999"}), "99999");
    const std::string listing = check_process({"unsquashfs", "-ls", "-d", "", image.string()});
    EXPECT_EQ(std::ranges::count(listing, '\n'), 107'008) << "with the root";
}

TEST(WriteSquashfs, TakesOfAFileThatGrowsWhatItWasAndSaysSo) {
    const TempDir dir;
    const fs::path file = dir.path() / "log", image = dir.path() / "image";
    write_file(file, "12345");
    FileTree tree;
    auto inode = std::make_shared<Inode>();
    inode->content = Content::file(file, 5);
    tree.put("/log", inode);
    write_file(file, "1234567890");
    EXPECT_EQ(write_squashfs(tree, image, {Compressor::lz4, 0, block}, 0, 1, {}),
              std::vector<std::string>{"/log: became longer while it was packed"});
    EXPECT_EQ(check_process({"unsquashfs", "-cat", image.string(), "log"}), "12345");
}

TEST(WriteSquashfs, CanBeAbandonedInTheMiddleOfALargeFile) {
    const TempDir dir;
    FileTree tree;
    tree.put_file("/large", noise(8 << 20, 1));
    int calls = 0;
    const Progress progress = [&](std::string_view, std::uint64_t, std::uint64_t) {
        if (++calls == 3)
            throw std::runtime_error("interrupted");
    };
    const fs::path image = dir.path() / "image";
    EXPECT_THROW(write_squashfs(tree, image, {Compressor::lz4, 0, block}, 0, 2, progress),
                 std::runtime_error);
    EXPECT_TRUE(fs::is_empty(dir.path()));
}

TEST(WriteSquashfs, LeavesTheOldFileWhenAContentCannotBeRead) {
    const TempDir dir;
    const fs::path gone = dir.path() / "gone", image = dir.path() / "image";
    FileTree tree;
    for (int n = 0; n < 40; ++n)
        tree.put_file("/a" + std::to_string(n), noise(block, static_cast<unsigned>(n)));
    auto inode = std::make_shared<Inode>();
    inode->content = Content::file(gone, 10);
    tree.put("/b", inode);
    write_file(image, "old");
    EXPECT_EQ(error_of([&] { image_of(tree, image); }),
              "host: cannot read " + gone.string() + ": No such file or directory");
    EXPECT_EQ(read_file(image), "old");
    EXPECT_EQ(std::distance(fs::directory_iterator(dir.path()), fs::directory_iterator()), 1);
}

TEST(WriteSquashfs, SaysThatTheDiskIsFullAndLeavesNothing) {
    const TempDir dir;
    if (::unshare(CLONE_NEWNS) < 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) < 0 ||
        ::mount("lktest", dir.path().c_str(), "tmpfs", 0, "size=1m") < 0)
        GTEST_SKIP() << "only root can mount a small disk";
    FileTree tree;
    for (int n = 0; n < 40; ++n)
        tree.put_file("/" + std::to_string(n), noise(block, static_cast<unsigned>(n)));
    const fs::path image = dir.path() / "image";
    EXPECT_EQ(error_of([&] { image_of(tree, image); }),
              "host: cannot write " + image.string() +
                  ": No space left on device\nhint: free some space on that file system");
    EXPECT_TRUE(fs::is_empty(dir.path()));
    ::umount(dir.path().c_str());
}

TEST(WriteSquashfs, NamesAPlaceThatCannotBeWritten) {
    const TempDir dir;
    const fs::path image = dir.path() / "absent/image";
    EXPECT_EQ(error_of([&] { image_of({}, image); }),
              "host: cannot write " + image.string() + ": No such file or directory");
}

}  // namespace
}  // namespace lktest
