// SPDX-License-Identifier: MIT
#include "builder/boot/esp.hpp"

#include <gtest/gtest.h>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "builder/base/process.hpp"

namespace lktest {
namespace {
namespace fs = std::filesystem;

const std::vector<ImageFile> loaders{{"/EFI/BOOT/BOOTX64.EFI", std::string(100'000, 'b')},
                                     {"/EFI/BOOT/GRUBX64.EFI", std::string(300'001, 'g')}};

TEST(Esp, IsACleanFat16WithTheFiles) {
    const TempDir directory;
    const fs::path image = directory.path() / "efiboot.img";
    write_esp(image, loaders, 1'000'000'000);
    EXPECT_NE(check_process({"/sbin/fsck.vfat", "-nv", image.string()}).find("16 bit entries"),
              std::string::npos);
    const std::string listing = check_process({"mdir", "-b", "-/", "-i", image.string(), "::"});
    EXPECT_EQ(listing, "::/boot/\n::/EFI/\n::/EFI/BOOT/\n::/EFI/BOOT/BOOTX64.EFI\n::/EFI/BOOT/GRUBX64.EFI\n");
    for (const ImageFile& file : loaders)
        EXPECT_EQ(check_process({"mtype", "-i", image.string(), "::" + file.path}),
                  std::get<std::string>(file.content));
}

TEST(Esp, IsTheSameForTheSameFilesWhateverTheirTimes) {
    const TempDir directory;
    write_file(directory.path() / "loader", std::string(100'000, 'b'));
    fs::last_write_time(directory.path() / "loader",
                        fs::file_time_type::clock::now() - std::chrono::hours(100));
    const std::vector<ImageFile> from_disk{{"/EFI/BOOT/BOOTX64.EFI", directory.path() / "loader"},
                                           loaders[1]};
    write_esp(directory.path() / "one", loaders, 1'000'000'000);
    write_esp(directory.path() / "two", from_disk, 1'000'000'000);
    EXPECT_EQ(read_file(directory.path() / "one"), read_file(directory.path() / "two"));
}

TEST(Esp, GrowsWithItsFiles) {
    const TempDir directory;
    const std::string large(130 << 20, 'x');
    const std::vector<ImageFile> files{{"/EFI/BOOT/BOOTX64.EFI", large}};
    write_esp(directory.path() / "image", files, 0);
    const std::string image = read_file(directory.path() / "image");
    EXPECT_GT(image.size(), large.size());
    EXPECT_LT(image.size(), large.size() + (4 << 20));
    EXPECT_EQ(image.substr(54, 5), "FAT16");
}

}  // namespace
}  // namespace lktest
