// SPDX-License-Identifier: MIT
#include "harness/machine/medium_copy.hpp"

#include <gtest/gtest.h>

#include "builder/base/file.hpp"
#include "builder/base/process.hpp"

namespace lktest {
namespace {

constexpr std::size_t sector = 2048;

/// Volume descriptors, and a signed UEFI program in the 40th sector.
std::string medium() {
    std::string bytes(64 * sector, '\0');
    bytes.replace(16 * sector, 7, std::string_view("\1CD001\1", 7));
    bytes.replace(17 * sector, 30, std::string_view("\0CD001\1EL TORITO SPECIFICATION", 30));
    bytes.replace(18 * sector, 7,
                  std::string_view("\xff"
                                   "CD001\1",
                                   7));
    const std::size_t program = 40 * sector, header = program + 0x80;
    bytes.replace(program, 2, "MZ");
    bytes[program + 0x3c] = '\x80';
    bytes.replace(header, 4, std::string_view("PE\0\0", 4));
    bytes.replace(header + 24, 2, "\x0b\x02");  // PE32+
    bytes[header + 24 + 68] = 10;               // an EFI application
    bytes.replace(header + 24 + 112 + 32, 8, std::string_view("\0\x10\0\0\x08\x01\0\0", 8));
    return bytes;
}

TEST(MediumCopy, HasNoBootRecordOfElTorito) {
    const auto patches = without_el_torito(ByteView::of_memory(medium()));
    ASSERT_EQ(patches.size(), 1U);
    EXPECT_EQ(patches[0].offset, 17 * sector);
    EXPECT_EQ(patches[0].bytes.size(), sector);
    EXPECT_EQ(patches[0].bytes.find("EL TORITO"), std::string::npos);
    EXPECT_TRUE(without_el_torito(ByteView::of_memory(std::string(100, 'x'))).empty());
}

TEST(MediumCopy, HasNoSignatureOnItsPrograms) {
    std::string bytes = medium();
    const auto patches = without_signatures(ByteView::of_memory(bytes));
    ASSERT_EQ(patches.size(), 1U);
    EXPECT_EQ(patches[0].offset, 40 * sector + 0x80 + 24 + 112 + 32);
    EXPECT_EQ(patches[0].bytes, std::string(8, '\0')) << "place and size";
    bytes.replace(patches[0].offset, 8, patches[0].bytes);
    EXPECT_TRUE(without_signatures(ByteView::of_memory(bytes)).empty());
}

TEST(MediumCopy, HasNoSignatureWhereverTheProgramLies) {
    const std::string one = medium();
    std::string bytes = one;
    constexpr std::uint64_t far = (3 << 20) + 512;  // a FAT's clusters begin with any sector
    bytes.resize(far);
    bytes += one.substr(40 * sector);
    const auto patches = without_signatures(ByteView::of_memory(bytes));
    ASSERT_EQ(patches.size(), 2U);
    EXPECT_EQ(patches[1].offset, far + 0x80 + 24 + 112 + 32);
}

TEST(MediumCopy, IsTheImageButForItsPatches) {
    const TempDir directory;
    const auto image = directory.path() / "the image.iso", copy = directory.path() / "copy.qcow2";
    std::string bytes = medium();
    write_file(image, bytes);
    const std::vector<Patch> patches{{17 * sector + 7, "HIDDEN"}, {5, "x"}};
    make_medium_copy(image, patches, copy);
    EXPECT_EQ(read_file(image), bytes);
    check_process({"qemu-img", "convert", "-O", "raw", copy, directory.path() / "seen.iso"});
    for (const Patch& patch : patches)
        bytes.replace(patch.offset, patch.bytes.size(), patch.bytes);
    EXPECT_EQ(read_file(directory.path() / "seen.iso"), bytes);
}

}  // namespace
}  // namespace lktest
