// SPDX-License-Identifier: MIT
#include "harness/diagnose/page_tables.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <map>

namespace lktest {
namespace {

/// Page tables that a test writes entry by entry; memory is 64 KiB from address 0.
class PageTablesTest : public testing::Test {
protected:
    void entry(std::uint64_t table, std::uint64_t index, std::uint64_t value) {
        std::memcpy(bytes_.data() + table + index * 8, &value, sizeof value);
    }
    std::optional<std::uint64_t> at(std::uint64_t address) const {
        return translate(GuestMemory({{0, std::as_bytes(std::span(bytes_))}}), tables_, address);
    }
    std::vector<MappedRange> all() const {
        return mapped_ranges(GuestMemory({{0, std::as_bytes(std::span(bytes_))}}), tables_);
    }
    std::string bytes_ = std::string(1 << 16, '\0');
    PageTables tables_{.arch = Arch::x86_64, .root = 0x1000};
};

TEST_F(PageTablesTest, X86FourLevelsEndAtAPageOrALargeOne) {
    // 0xffffffff81234567: indexes 511, 510, 9, 0x34
    entry(0x1000, 511, 0x2001);
    entry(0x2000, 510, 0x3001);
    entry(0x3000, 9, 0x4001);
    entry(0x4000, 0x34, 0x8000'0000'0abc'd001);  // bit 63: not executable
    EXPECT_EQ(at(0xffff'ffff'8123'4567), 0x0abc'd567u);
    entry(0x3000, 9, 0x0e00'0081);
    EXPECT_EQ(at(0xffff'ffff'8123'4567), 0x0e03'4567u);
    EXPECT_EQ(at(0xffff'ffff'8143'4567), std::nullopt) << "not present";
    EXPECT_EQ(at(0x7fff'8123'4567), std::nullopt) << "not the kernel's half";
}

TEST_F(PageTablesTest, X86FiveLevels) {
    tables_.address_bits = 57;
    entry(0x1000, 0x111, 0x2001);  // 0xff11…: bits 56:48
    entry(0x2000, 0, 0x3001);
    entry(0x3000, 0, 0x4000'0081);
    EXPECT_EQ(at(0xff11'0000'1234'5678), 0x4000'0000u + 0x1234'5678u);
}

TEST_F(PageTablesTest, Aarch64FourLevelsWithBlocks) {
    tables_.arch = Arch::aarch64;
    // 0xffffdcf28d949198, 48 bits: indexes 441, 458, 108, 329
    entry(0x1000, 441, 0x2003);
    entry(0x2000, 458, 0x3003);
    entry(0x3000, 108, 0x0040'0000'4000'0701);  // a block of 2 MiB
    EXPECT_EQ(at(0xffff'dcf2'8d94'9198), 0x4014'9198u);
    entry(0x3000, 108, 0x4003);
    entry(0x4000, 329, 0x0040'0000'4567'8703);
    EXPECT_EQ(at(0xffff'dcf2'8d94'9198), 0x4567'8198u);
    entry(0x4000, 329, 0x0040'0000'4567'8701);
    EXPECT_EQ(at(0xffff'dcf2'8d94'9198), std::nullopt) << "reserved: a last-level entry without bit 1";
}

TEST_F(PageTablesTest, Aarch64With52BitsHasAFifthLevelOf16Entries) {
    tables_.arch = Arch::aarch64;
    tables_.address_bits = 52;
    entry(0x1000, 15, 0x2003);
    entry(0x2000, 511, 0x3003);
    entry(0x3000, 0, 0x4003);
    entry(0x4000, 0, 0x5003);
    entry(0x5000, 1, 0x9303);  // bits 9:8 are the physical address's 51:50
    EXPECT_EQ(at(0xffff'ff80'0000'1234), 0x000c'0000'0000'9234u);
}

TEST_F(PageTablesTest, TablesThatLeadToThemselvesOrNowhereEnd) {
    for (std::uint64_t index = 0; index < 512; ++index)
        entry(0x1000, index, 0x1003);
    EXPECT_EQ(at(0xffff'ffff'8123'4567), 0x1567u);
    tables_.root = 0x000f'ffff'ffff'f000;
    EXPECT_EQ(at(0xffff'ffff'8123'4567), std::nullopt);
    tables_ = {.arch = Arch::aarch64, .root = 0x1000, .address_bits = 64, .page_shift = 12};
    EXPECT_EQ(at(0xffff'ffff'8123'4567), std::nullopt);
    tables_ = {.arch = Arch::aarch64, .root = 0x1000, .address_bits = 48, .page_shift = 63};
    EXPECT_EQ(at(0xffff'ffff'8123'4567), std::nullopt);
}

TEST_F(PageTablesTest, WhatIsInARowVirtuallyAndPhysicallyIsOneMappedRange) {
    entry(0x1000, 0, 0x2001);  // the programs' half
    entry(0x1000, 256, 0x2001);
    entry(0x1000, 511, 0x2001);  // the same table again
    entry(0x2000, 0, 0x3001);
    entry(0x2000, 2, 0x1'0000'0081);  // 1 GiB
    entry(0x3000, 511, 0x20'0081);    // 2 MiB
    entry(0x3000, 0, 0x4001);
    entry(0x4000, 1, 0x8000'0000'0abc'd001);
    entry(0x4000, 2, 0x0abc'e001);
    entry(0x4000, 3, 0x0abc'e001);
    entry(0x4000, 4, 0x0abc'f000);  // not present
    EXPECT_EQ(all(), (std::vector<MappedRange>{{0xffff'8000'0000'1000, 0x0abc'd000, 0x2000},
                                               {0xffff'8000'0000'3000, 0x0abc'e000, 0x1000},
                                               {0xffff'8000'3fe0'0000, 0x20'0000, 0x20'0000},
                                               {0xffff'8000'8000'0000, 0x1'0000'0000, 0x4000'0000}}));
    for (const MappedRange& range : all())
        for (const std::uint64_t offset : {std::uint64_t{0}, range.size - 1})
            EXPECT_EQ(at(range.address + offset), range.physical + offset);
    entry(0x2000, 1, 0xc020'0081);  // bits below its 1 GiB do not count
    EXPECT_EQ(all().back(), (MappedRange{0xffff'8000'4000'0000, 0xc000'0000, 0x8000'0000}));
    tables_.of_program = true;
    EXPECT_EQ(all().front().address, 0x1000U);
}

TEST_F(PageTablesTest, RangesOfFiveLevelsBeginWhereTheirHalfDoes) {
    tables_.address_bits = 57;
    entry(0x1000, 0x111, 0x2001);
    entry(0x2000, 0, 0x3001);
    entry(0x3000, 0, 0x4000'0081);
    EXPECT_EQ(all(), (std::vector<MappedRange>{{0xff11'0000'0000'0000, 0x4000'0000, 0x4000'0000}}));
}

TEST_F(PageTablesTest, RangesOfAarch64AreThoseOfTheWholeTopTable) {
    tables_.arch = Arch::aarch64;
    entry(0x1000, 441, 0x2003);
    entry(0x2000, 458, 0x3003);
    entry(0x3000, 108, 0x0040'0000'4000'0701);
    entry(0x3000, 109, 0x4003);
    entry(0x4000, 0, 0x0040'0000'4020'0703);
    entry(0x4000, 1, 0x0040'0000'4020'1701);  // reserved
    EXPECT_EQ(all(), (std::vector<MappedRange>{{0xffff'dcf2'8d80'0000, 0x4000'0000, 0x20'1000}}));
}

TEST_F(PageTablesTest, RangesOfAarch64With52Bits) {
    tables_.arch = Arch::aarch64;
    tables_.address_bits = 52;
    entry(0x1000, 15, 0x2003);
    entry(0x1000, 16, 0x2003);  // after the top table
    entry(0x2000, 511, 0x3003);
    entry(0x3000, 0, 0x4003);
    entry(0x4000, 0, 0x5003);
    entry(0x5000, 1, 0x9303);
    EXPECT_EQ(all(), (std::vector<MappedRange>{{0xffff'ff80'0000'1000, 0x000c'0000'0000'9000, 0x1000}}));
}

TEST_F(PageTablesTest, RangesOfNonsenseEnd) {
    for (std::uint64_t index = 0; index < 512; ++index)
        entry(0x1000, index, 0x1003);
    EXPECT_EQ(all().size(), 512U) << "it is read once as a table of pages";
    tables_.address_bits = 57;
    EXPECT_EQ(all().size(), 512U);
    for (std::uint64_t at = 0; at < bytes_.size(); at += 8)
        entry(0, at / 8, (at * 8) % bytes_.size() | 3);
    EXPECT_LE(all().size(), 5 * bytes_.size() / 8) << "each table once at each level";
    tables_.root = 0x000f'ffff'ffff'f000;
    EXPECT_TRUE(all().empty());
    tables_ = {.arch = Arch::aarch64, .root = 0x1000, .address_bits = 64, .page_shift = 12};
    EXPECT_TRUE(all().empty());
}

}  // namespace
}  // namespace lktest
