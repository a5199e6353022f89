// SPDX-License-Identifier: MIT
#include "builder/inspect/fat.hpp"

#include <gtest/gtest.h>

#include "builder/tests/support/fake_medium.hpp"

namespace lktest {
namespace {

/// FAT12 with clusters of one sector: a boot sector, one FAT, a root directory of 16 entries, and data.
class TinyFat {
public:
    TinyFat() : image_(40 * sector, '\0') {
        put(image_, 0, 0xeb, 1);
        put(image_, 11, sector, 2);
        put(image_, 13, 1, 1);   // sectors of a cluster
        put(image_, 14, 1, 2);   // reserved
        put(image_, 16, 1, 1);   // FATs
        put(image_, 17, 16, 2);  // root entries
        put(image_, 19, 40, 2);  // sectors
        put(image_, 22, 1, 2);   // sectors of a FAT
        for (unsigned cluster = 2; cluster < 39; ++cluster)
            image_.replace((cluster + 1) * sector, sector,
                           std::string(sector, static_cast<char>('A' + cluster)));
    }

    void link(unsigned cluster, unsigned next) {
        const std::size_t at = sector + cluster + cluster / 2;
        const unsigned pair =
            static_cast<unsigned char>(image_[at]) | static_cast<unsigned char>(image_[at + 1]) << 8;
        put(image_, at, cluster % 2 ? (pair & 0xf) | next << 4 : (pair & 0xf000) | next, 2);
    }
    void add(const std::string& short_name, unsigned cluster, std::uint32_t size) {
        const std::size_t at = 2 * sector + 32 * entries_++;
        image_.replace(at, 11, short_name);
        put(image_, at + 26, cluster, 2);
        put(image_, at + 28, size, 4);
    }
    FatVolume read() const { return read_fat(ByteView::of_memory(image_)).value(); }

    static constexpr std::size_t sector = 512;

private:
    std::string image_;
    std::size_t entries_ = 0;
};

TEST(Fat, FollowsChainsOfOddAndEvenClusters) {
    TinyFat fat;
    fat.link(2, 5);
    fat.link(5, 3);
    fat.link(3, 0xfff);
    fat.add("README  TXT", 2, 3 * TinyFat::sector);
    const FatVolume volume = fat.read();
    EXPECT_EQ(volume.bits, 12);
    EXPECT_FALSE(volume.damaged);
    ASSERT_EQ(volume.files.size(), 1U);
    std::string expected;
    for (const char c : {'C', 'F', 'D'})
        expected += std::string(TinyFat::sector, c);
    EXPECT_EQ(volume.files.at("/README.TXT").read(0, 4096), expected);
}

TEST(Fat, HasNoFilesThatWereRemoved) {
    TinyFat fat;
    fat.link(2, 0xfff);
    fat.add(
        "\xe5"
        "EMOVED TXT",
        2, 10);
    fat.add("KEPT    TXT", 2, 10);
    const FatVolume volume = fat.read();
    ASSERT_EQ(volume.files.size(), 1U);
    EXPECT_TRUE(volume.files.contains("/KEPT.TXT"));
}

TEST(Fat, ARingOfClustersIsDamaged) {
    TinyFat fat;
    fat.link(2, 3);
    fat.link(3, 2);
    fat.add("ENDLESS TXT", 2, 0xffff'ffff);
    EXPECT_TRUE(fat.read().damaged);
}

}  // namespace
}  // namespace lktest
