// SPDX-License-Identifier: MIT
#include "harness/boot/disks.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "builder/base/file.hpp"
#include "builder/base/process.hpp"
#include "builder/tests/support/error_of.hpp"

namespace lktest {
namespace {

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;

DiskSettings disk(FileSystem file_system, bool partition) {
    return {.name = "data",
            .size = 16 * mebibyte,
            .file_system = file_system,
            .label = "DATA",
            .partition = partition,
            .files = {{"boot/live.iso", "medium"}}};
}

struct Made {
    explicit Made(const DiskSettings& settings) {
        write_file(directory.path() / "the.iso", "an image\n");
        disks.emplace(std::vector{settings}, directory.path(), directory.path() / "the.iso");
    }
    std::string image() const { return disks->spec("data").path; }

    TempDir directory;
    std::optional<Disks> disks;
};

TEST(Disks, HaveAFileSystemWithItsFilesAndNobodyMountsAnything) {
    const Made ext4(disk(FileSystem::ext4, false));
    EXPECT_EQ(check_process({"debugfs", "-R", "cat /boot/live.iso", ext4.image()}), "an image\n");
    EXPECT_EQ(check_process({"e2label", ext4.image()}), "DATA\n");
    const Made vfat(disk(FileSystem::vfat, true));
    EXPECT_EQ(check_process({"mtype", "-i", vfat.image() + "@@1048576", "::/boot/live.iso"}), "an image\n");
    const Made partition(disk(FileSystem::ext4, true));
    EXPECT_NE(check_process({"sgdisk", "--verify", partition.image()}).find("No problems found"),
              std::string::npos);
    EXPECT_NE(check_process({"sgdisk", "--info=1", partition.image()}).find("First sector: 2048"),
              std::string::npos);
    EXPECT_NE(check_process({"sgdisk", "--info=1", partition.image()}).find("Partition size: 28672 sectors"),
              std::string::npos);  // the size passed to mke2fs
    EXPECT_EQ(std::filesystem::file_size(partition.image()), 16 * mebibyte);
}

TEST(Disks, HoldFilesOfTheMediumAndDirectoriesPackedAsModules) {
    const TempDir scratch;
    const std::filesystem::path tree = scratch.path() / "tree", iso = scratch.path() / "the.iso";
    make_directories(tree / "live/modules");
    write_file(tree / "live/a.sb", "a layer\n");
    write_file(tree / "live/modules/b.sb", "a module\n");
    write_file(tree / "liver", "no part of it\n");
    check_process({"xorriso", "-as", "mkisofs", "-quiet", "-R", "-o", iso, tree});
    DiskSettings settings = disk(FileSystem::vfat, false);
    settings.files = {{"copy", "medium:/live"}, {"copy/c.sb", "module:" + (tree / "live").string()}};
    const Disks disks({settings}, scratch.path(), iso);
    const std::string image = disks.spec("data").path;
    EXPECT_EQ(check_process({"mtype", "-i", image, "::/copy/modules/b.sb"}), "a module\n");
    EXPECT_EQ(check_process({"mdir", "-b", "-/", "-i", image}),
              "::/copy/\n::/copy/a.sb\n::/copy/modules/\n::/copy/c.sb\n::/copy/modules/b.sb\n");
    check_process({"mcopy", "-i", image, "::/copy/c.sb", scratch.path() / "c.sb"});
    EXPECT_NE(check_process({"unsquashfs", "-l", scratch.path() / "c.sb"}).find("modules/b.sb"),
              std::string::npos);
    settings.files = {{"copy", "nothing"}};
    const TempDir third;
    EXPECT_EQ(error_of([&] { Disks({settings}, third.path(), iso); }),
              "usage: nothing does not exist; the disk 'data' needs it");
    settings.files = {{"copy", "medium:/dead"}};
    const TempDir other;
    EXPECT_EQ(error_of([&] { Disks({settings}, other.path(), iso); }),
              "usage: " + iso.string() + " has no /dead");
}

TEST(Disks, TellWhatWasWrittenSinceTheyWereSealed) {
    Made made({.name = "data", .size = mebibyte});
    made.disks->seal("data");
    EXPECT_EQ(made.disks->difference("data"), "");
    std::fstream(made.image(), std::ios::in | std::ios::out).seekp(777'777).put('x');
    EXPECT_EQ(made.disks->difference("data"), "the disk 'data' was written to, at byte 777777 first");
    made.disks->seal("data");
    EXPECT_EQ(made.disks->difference("data"), "");
}

}  // namespace
}  // namespace lktest
