// SPDX-License-Identifier: MIT
#include "builder/layer/squashfs_unpacker.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cstring>

#include "builder/base/file.hpp"
#include "builder/base/process.hpp"
#include "builder/layer/squashfs_writer.hpp"
#include "builder/tests/support/error_of.hpp"
#include "builder/tests/support/listing.hpp"
#include "builder/tests/support/nobody.hpp"
#include "builder/tree/from_directory.hpp"

namespace lktest {
namespace {
namespace fs = std::filesystem;

/// A directory with one file of each type, and for root also those that only root can make.
void fill(const fs::path& directory) {
    fs::create_directories(directory / "etc/empty");
    write_file(directory / "etc/text", "short");
    fs::permissions(directory / "etc/text", fs::perms(04751));
    write_file(directory / "etc/long", std::string(300'000, 'x') + std::string(600'000, '\0') + "end");
    fs::resize_file(directory / "etc/long", 1'500'000);  // a hole at its end
    write_file(directory / "none", "");
    fs::create_hard_link(directory / "etc/text", directory / "linked");
    fs::create_symlink("/etc/passwd", directory / "out");
    ASSERT_EQ(::mkfifo((directory / "pipe").c_str(), 0620), 0);
    ASSERT_EQ(::setxattr((directory / "etc").c_str(), "user.note", "kept", 4, 0), 0);
    if (::geteuid() == 0) {
        ASSERT_EQ(::mknod((directory / "whiteout").c_str(), S_IFCHR | 0600, 0), 0);
        ASSERT_EQ(::mknod((directory / "disk").c_str(), S_IFBLK | 0660, makedev(259, 300)), 0);
        ASSERT_EQ(::lchown((directory / "out").c_str(), 1234, 70000), 0);
        ASSERT_EQ(::setxattr((directory / "etc").c_str(), "trusted.overlay.opaque", "y", 1, 0), 0);
    }
}

class UnpackSquashfs : public testing::Test {
protected:
    void SetUp() override { fill(source_); }

    // Not in /tmp, which may have no user attributes.
    TempDir scratch_{"."};
    fs::path source_ = scratch_.path() / "source", image_ = scratch_.path() / "image.sb",
             target_ = scratch_.path() / "target";
};

TEST_F(UnpackSquashfs, GivesBackWhatWasPackedHere) {
    write_squashfs(directory_tree(source_), image_, {}, 1LL << 32, 2, nobody);
    EXPECT_TRUE(unpack_squashfs(image_, target_, nobody).empty());
    EXPECT_EQ(listing(directory_tree(target_)), listing(directory_tree(source_)));
}

TEST_F(UnpackSquashfs, IsOverOnceOnly) {
    write_squashfs(directory_tree(source_), image_, {}, 0, 2, nobody);
    std::uint64_t before = 0;
    const Progress watch = [&](std::string_view, std::uint64_t done, std::uint64_t total) {
        EXPECT_GT(done, before);
        EXPECT_EQ(total, 0U) << "the unpacked size of an image is unknown in advance";
        before = done;
    };
    unpack_squashfs(image_, target_, watch);
    EXPECT_EQ(before, 5 + 1'500'000U);
}

TEST_F(UnpackSquashfs, ReadsImagesOfMksquashfsWithEachCompressor) {
    for (const char* compressor : {"gzip", "xz", "lz4", "zstd"}) {
        check_process(
            {"mksquashfs", source_, image_, "-comp", compressor, "-noappend", "-quiet", "-no-progress"});
        const fs::path target = scratch_.path() / compressor;
        EXPECT_TRUE(unpack_squashfs(image_, target, nobody).empty());
        EXPECT_EQ(listing(directory_tree(target)), listing(directory_tree(source_))) << compressor;
    }
}

TEST_F(UnpackSquashfs, RefusesNamesThatLeadOut) {
    for (const std::string name : {"..", "../evil", "a/b", "."}) {
        FileTree tree;
        tree.root().entries[name] = std::make_shared<Inode>();
        write_squashfs(tree, image_, {}, 0, 1, nobody);
        const std::string error = error_of([&] { unpack_squashfs(image_, target_, nobody); });
        EXPECT_EQ(error.substr(0, 6), "usage:") << name;
        EXPECT_FALSE(fs::exists(scratch_.path() / "evil"));
        EXPECT_TRUE(fs::is_empty(target_)) << name;
    }
}

TEST_F(UnpackSquashfs, RefusesWhatIsDamagedWithoutCrashing) {
    write_squashfs(directory_tree(source_), image_, {}, 0, 1, nobody);
    const std::string whole = read_file(image_);
    EXPECT_EQ(error_of([&] { unpack_squashfs("/nowhere", target_, nobody); }),
              "usage: cannot read /nowhere: No such file or directory");
    write_file(image_, "no image");
    EXPECT_EQ(error_of([&] { unpack_squashfs(image_, target_, nobody); }),
              "usage: " + image_.string() + " is damaged or not a SquashFS image: its superblock");
    // SquashFS 4.0: bytes_used, at byte 40 of the superblock; the rest of the file is padding.
    std::uint64_t used = 0;
    std::memcpy(&used, whole.data() + 40, sizeof used);
    for (std::size_t size = 96; size < used; size += used / 40) {
        write_file(image_, whole.substr(0, size));
        EXPECT_NE(error_of([&] { unpack_squashfs(image_, target_, nobody); }), "nothing was thrown") << size;
        fs::remove_all(target_);
    }
}

TEST_F(UnpackSquashfs, MixesNothingIntoADirectoryThatHasFiles) {
    write_squashfs(directory_tree(source_), image_, {}, 0, 1, nobody);
    EXPECT_EQ(error_of([&] { unpack_squashfs(image_, source_, nobody); }),
              "usage: " + source_.string() + " is not empty\nhint: use a new directory");
}

}  // namespace
}  // namespace lktest
