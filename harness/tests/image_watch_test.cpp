// SPDX-License-Identifier: MIT
#include "harness/run/image_watch.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <functional>

#include "builder/base/file.hpp"

namespace lktest {
namespace {

namespace fs = std::filesystem;

// FIPS 180-2, appendix B.1.
constexpr auto digest_of_abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

class ImageWatchTest : public testing::Test {
protected:
    ImageWatchTest() { write_file(iso_, "abc"); }

    std::string change_by(const std::function<void()>& act) {
        ImageWatch watch({iso_});
        act();
        return watch.ended().front().changed;
    }

    const TempDir directory_;
    const fs::path iso_ = directory_.path() / "live.iso";
};

TEST_F(ImageWatchTest, RecordsDigestSizeAndTimeOfEachImageOnce) {
    ImageWatch watch({iso_, iso_});
    ASSERT_EQ(watch.begun().size(), 1U);
    EXPECT_EQ(watch.begun().front().size, 3U);
    const std::vector<results::BootedImage> images = watch.ended();
    ASSERT_EQ(images.size(), 1U);
    EXPECT_EQ(images.front().path, iso_.string());
    EXPECT_EQ(images.front().sha256, digest_of_abc);
    EXPECT_NE(images.front().modified, std::chrono::system_clock::time_point());
    EXPECT_EQ(images.front().changed, "");
}

TEST_F(ImageWatchTest, SaysWhatHappenedToAnImage) {
    EXPECT_EQ(change_by([] {}), "");
    EXPECT_EQ(change_by([this] { std::ofstream(iso_, std::ios::app) << "d"; }),
              "its size went from 3 to 4 bytes");
    EXPECT_EQ(
        change_by([this] { fs::last_write_time(iso_, fs::last_write_time(iso_) + std::chrono::seconds(1)); }),
        "it was written to");
    EXPECT_EQ(change_by([this] {
                  write_file(directory_.path() / "new", "abcd");
                  fs::rename(directory_.path() / "new", iso_);
              }),
              "another file has its name now");
    EXPECT_EQ(change_by([this] { fs::remove(iso_); }), "it was removed");
}

TEST_F(ImageWatchTest, TakesATreeAsTheListOfItsFiles) {
    const fs::path tree = directory_.path() / "tree";
    fs::create_directories(tree / "boot");
    write_file(tree / "boot/vmlinuz", "abc");
    write_file(tree / "menu", "abc");
    const std::string list = std::string(digest_of_abc) + "  boot/vmlinuz\n" + digest_of_abc + "  menu\n";
    write_file(iso_, list);
    ImageWatch watch({tree, iso_});
    write_file(tree / "menu", "more");
    const std::vector<results::BootedImage> images = watch.ended();
    ASSERT_EQ(images.size(), 2U);
    EXPECT_EQ(images[0].size, 6U);
    EXPECT_EQ(images[0].changed, "its size went from 6 to 7 bytes");
    EXPECT_EQ(ImageWatch({tree}).begun().front().size, 7U);

    write_file(tree / "menu", "abc");
    EXPECT_EQ(ImageWatch({tree}).ended().front().sha256, images[1].sha256);
}

TEST_F(ImageWatchTest, LeavesDevicesAndImagesOfOtherMachinesOut) {
    EXPECT_TRUE(ImageWatch({directory_.path() / "elsewhere.iso", "/dev/zero"}).ended().empty());
}

TEST_F(ImageWatchTest, DoesNotWaitForTheDigestOfASparseFileOfTerabytes) {
    fs::resize_file(iso_, std::uintmax_t{1} << 42);
    ImageWatch watch({iso_});
    const std::vector<results::BootedImage> images = watch.ended(std::chrono::milliseconds(1));
    EXPECT_EQ(images.front().size, std::uint64_t{1} << 42);
    EXPECT_EQ(images.front().sha256, "");
    EXPECT_EQ(images.front().changed, "");
}

}  // namespace
}  // namespace lktest
