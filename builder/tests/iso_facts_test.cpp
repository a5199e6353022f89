// SPDX-License-Identifier: MIT
#include "builder/inspect/iso_facts.hpp"

#include <gtest/gtest.h>

#include <random>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "builder/boot/esp.hpp"
#include "builder/tests/support/fake_medium.hpp"

namespace lktest {
namespace {

constexpr std::size_t sector = 2048;

/// A volume of `sectors` sectors with a primary descriptor, and nothing in it.
std::string volume(std::size_t sectors) {
    std::string bytes(sectors * sector, '\0');
    const std::size_t pvd = 16 * sector;
    bytes.replace(pvd, 6, "\1CD001");
    bytes[pvd + 80] = static_cast<char>(sectors);
    bytes.replace(pvd + 40, 32, "RESCUE                          ");
    bytes.replace(pvd + 574, 10, "LKTEST 0.1");
    bytes.replace(pvd + sector, 6, std::string("\0CD001", 6));
    bytes.replace(pvd + sector + 7, 23, "EL TORITO SPECIFICATION");
    return bytes;
}

/// Puts a catalogue into sector 20: a BIOS entry, and an EFI entry whose image is appended.
void add_catalogue(std::string& bytes) {
    bytes[17 * sector + 71] = 20;
    const std::size_t catalogue = 20 * sector;
    bytes[catalogue] = 1;
    bytes[catalogue + 32] = '\x88';
    bytes[catalogue + 64] = '\x91';
    bytes[catalogue + 65] = '\xEF';
    bytes[catalogue + 66] = 1;
    bytes[catalogue + 96] = '\x88';
    bytes[catalogue + 96 + 6] = 4;
    bytes[catalogue + 96 + 8] = static_cast<char>(bytes.size() / sector);
    const TempDir directory;
    const std::vector<ImageFile> files{{"/EFI/BOOT/BOOTAA64.EFI", std::string("loader")}};
    write_esp(directory.path() / "esp", files, 0);
    bytes += read_file(directory.path() / "esp");
}

class IsoFactsTest : public testing::Test {
protected:
    std::filesystem::path write(std::string_view bytes) {
        const std::filesystem::path path = directory_.path() / "x.iso";
        write_file(path, bytes);
        return path;
    }
    std::string complaint(const std::filesystem::path& path) {
        try {
            read_iso_facts(path);
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), Error::Kind::usage);
            return error.what();
        }
        return "";
    }
    TempDir directory_;
};

TEST_F(IsoFactsTest, ReadsTheVolumeAndEveryBootEntry) {
    std::string bytes = volume(24);
    add_catalogue(bytes);
    const IsoFacts facts = read_iso_facts(write(bytes));
    EXPECT_EQ(facts.volume_label, "RESCUE");
    EXPECT_EQ(facts.application_id, "LKTEST 0.1");
    EXPECT_TRUE(facts.bios_boot);
    EXPECT_TRUE(facts.uefi_boot);
    EXPECT_EQ(facts.arches, (std::vector{Arch::x86_64, Arch::aarch64}));
}

TEST_F(IsoFactsTest, FindsNoBootPathInAPlainVolume) {
    const IsoFacts facts = read_iso_facts(write(volume(24)));
    EXPECT_FALSE(facts.bios_boot);
    EXPECT_FALSE(facts.uefi_boot);
    EXPECT_TRUE(facts.arches.empty());
}

TEST_F(IsoFactsTest, NamesWhatIsWrongWithAFileThatIsNoIso) {
    const std::string path = (directory_.path() / "x.iso").string();
    EXPECT_EQ(complaint(path), "cannot read " + path + ": No such file or directory");
    EXPECT_EQ(complaint(write("")), path + " is empty");
    EXPECT_EQ(complaint(write("#!/bin/sh")), path + " is neither an ISO 9660 image nor a disk image");
    EXPECT_EQ(complaint(write(volume(24).substr(0, 20 * sector))),
              path + " is truncated: its volume has 49152 bytes, the file only 40960");
}

TEST_F(IsoFactsTest, ReadsAWholeDisk) {
    // An MBR with one partition, which holds the ESP of a medium.
    constexpr std::size_t start = 2048 * 512;
    const std::vector<ImageFile> files{{"/EFI/BOOT/BOOTAA64.EFI", std::string("MZ")}};
    write_esp(directory_.path() / "esp", files, 0);
    const std::string esp = read_file(directory_.path() / "esp");
    std::string disk(start, '\0');
    disk[446 + 4] = '\x0c';
    put(disk, 446 + 8, start / 512, 4);
    put(disk, 446 + 12, esp.size() / 512, 4);
    disk.replace(510, 2, "\x55\xaa");
    const IsoFacts facts = read_iso_facts(write(disk + esp));
    EXPECT_TRUE(facts.disk);
    EXPECT_TRUE(facts.uefi_boot);
    EXPECT_FALSE(facts.bios_boot);
    EXPECT_EQ(facts.arches, std::vector{Arch::aarch64});
}

TEST_F(IsoFactsTest, SurvivesACatalogueOfNoise) {
    std::mt19937 random(1);
    std::string whole = volume(24);
    add_catalogue(whole);
    for (int round = 0; round < 200; ++round) {
        std::string bytes = whole;
        for (int change = 0; change < 40; ++change)
            bytes[(17 + random() % 7) * sector + random() % 256] = static_cast<char>(random());
        const IsoFacts facts = read_iso_facts(write(bytes));
        EXPECT_EQ(facts.volume_label, "RESCUE");
    }
}

}  // namespace
}  // namespace lktest
