// SPDX-License-Identifier: MIT
// The list of loaded images that UEFI firmware keeps for a debugger.
#include "harness/diagnose/efi_images.hpp"

#include <gtest/gtest.h>

#include <random>

#include "harness/tests/support/ram.hpp"

namespace lktest {
namespace {

constexpr std::uint64_t pointer = 4 << 20, system_table = pointer + 0x1000, tables = pointer + 0x2000;
constexpr std::uint64_t list = pointer + 0x3000, infos = pointer + 0x4000, loaded = pointer + 0x5000;
constexpr std::uint64_t paths = pointer + 0x6000, driver = pointer + 0x7000, loader = pointer + 0x8000;
constexpr std::string_view debug_images("\x77\x2e\x15\x49\xda\x1a\x64\x47\xb7\xa2\x7a\xfe\xfe\xd9\x5e\x8b",
                                        16);

void put_image(TestRam& ram, unsigned i, std::uint64_t address, std::uint64_t path) {
    ram.put(list + 8 * i, infos + 0x20 * i);
    ram.put(infos + 0x20 * i, std::uint32_t{1});
    ram.put(infos + 0x20 * i + 8, loaded + 0x80 * i);
    ram.put(loaded + 0x80 * i + 32, path);
    ram.put(loaded + 0x80 * i + 64, address);
    ram.put(loaded + 0x80 * i + 72, std::uint64_t{0x1000});
}

/// A driver that names itself, one that the firmware's volume names, and a boot loader.
TestRam firmware() {
    TestRam ram;
    ram.write(pointer, "IBI SYST");
    ram.put(pointer + 8, system_table);
    ram.write(system_table, "IBI SYST");
    ram.put(system_table + 104, std::uint64_t{2});
    ram.put(system_table + 112, tables);
    ram.write(tables + 24, debug_images);
    ram.put(tables + 24 + 16, tables + 0x800);
    ram.put(tables + 0x804, std::uint32_t{4});
    ram.put(tables + 0x808, list);
    put_image(ram, 0, driver, 0);
    put_image(ram, 1, driver + 0x100000, paths + 0x100);
    ram.put(list + 16, std::uint64_t{0});  // unloaded
    put_image(ram, 3, loader, paths);

    // A PE32+ whose debug directory leads to a CodeView record.
    ram.write(driver, "MZ");
    ram.put(driver + 0x3c, std::uint32_t{0x80});
    ram.write(driver + 0x80, "PE");
    ram.put(driver + 0x80 + 24 + 112 + 48, std::uint32_t{0x300});
    ram.put(driver + 0x80 + 24 + 112 + 52, std::uint32_t{28});
    ram.put(driver + 0x30c, std::uint32_t{2});
    ram.put(driver + 0x314, std::uint32_t{0x400});
    ram.write(driver + 0x400, "RSDS");
    ram.write(driver + 0x418, "/build/edk2/DEBUG/ArmCpuDxe.dll");

    std::string path("\x04\x04\x0e\x00", 4);
    for (const char c : std::string("\\A.EF\0", 5))
        path += {c, '\0'};
    ram.write(paths, path + std::string("\x7f\xff\x04\x00", 4));
    ram.write(paths + 0x100, std::string("\x04\x06\x14\x00", 4) + std::string(debug_images) + "\x7f\xff");
    return ram;
}

std::vector<EfiImage> images_in(const TestRam& ram) {
    const std::string bytes = ram.joined();
    return efi_images(memory_of(ram.begin(), bytes));
}

TEST(EfiImages, AreNamedByThemselvesOrByWhereTheyCameFrom) {
    const std::vector<EfiImage> images = images_in(firmware());
    ASSERT_EQ(images.size(), 3U);
    EXPECT_EQ(images[0].name, "ArmCpuDxe");
    EXPECT_EQ(images[1].name, "49152E77-1ADA-4764-B7A2-7AFEFED95E8B");
    EXPECT_EQ(images[2].name, "\\A.EF");
    ASSERT_TRUE(image_at(images, loader + 0xfff));
    EXPECT_EQ(image_at(images, loader + 0xfff)->name, "\\A.EF");
    EXPECT_EQ(image_at(images, loader + 0x1000), nullptr);
    EXPECT_EQ(image_at(images, 0), nullptr);
}

TEST(EfiImages, OfNonsenseAreNoneOrSome) {
    std::mt19937 random(2);
    for (int round = 0; round < 1000; ++round) {
        TestRam ram = firmware();
        for (int i = 0; i < 1 + round % 32; ++i)
            ram.put(pointer + 8 + random() % 0x8000, static_cast<std::uint8_t>(random()));
        EXPECT_LE(images_in(ram).size(), 1024U);
    }
}

}  // namespace
}  // namespace lktest
