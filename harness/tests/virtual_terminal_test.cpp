// SPDX-License-Identifier: MIT
#include "harness/diagnose/virtual_terminal.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include "harness/diagnose/text_cells.hpp"

namespace lktest {
namespace {

std::string cells(std::string_view text, std::size_t count) {
    std::string made;
    for (std::size_t i = 0; i < count; ++i) {
        made += i < text.size() ? text[i] : ' ';
        made += '\x07';
    }
    return made;
}

TEST(TextCells, AreRowsWithoutTrailingBlanks) {
    EXPECT_EQ(rows_of_cells(cells("one       two", 30), 10), (std::vector<std::string>{"one", "two", ""}));
    EXPECT_EQ(rows_of_cells(cells("\xda\xc4\xbf\xb3\x82", 5), 5), (std::vector<std::string>{"+-+|?"}));
    EXPECT_EQ(rows_of_cells(cells("a", 7), 5), (std::vector<std::string>{"a"}))
        << "half a row does not count";
}

TEST(TextCells, PixelsAreNoText) {
    std::string pixels;
    for (int i = 0; i < 2000; ++i)
        pixels += static_cast<char>(i * 37);
    EXPECT_TRUE(rows_of_cells(pixels, 80).empty());
}

/// Guest memory with a terminal of 40 columns and 10 rows, mapped by aarch64's page tables: the first 2 MiB
/// of memory at the start of the kernel's half.
class Terminal : public testing::Test {
protected:
    static constexpr std::uint64_t base = 0xffff'0000'0000'0000, buffer = 0x8000;

    Terminal() : ram_(0x20000, '\0') {
        put<std::uint64_t>(0x1000, 0x2003);  // tables of three levels, and a block
        put<std::uint64_t>(0x2000, 0x3003);
        put<std::uint64_t>(0x3000, 0x0701);
    }
    template <typename T>
    void put(std::size_t at, T value) {
        std::memcpy(ram_.data() + at, &value, sizeof value);
    }
    /// @param numbers  the number of values between vc_cols and vc_origin, including the first
    void put_terminal(std::size_t at, unsigned numbers, std::uint32_t number, std::uint64_t origin) {
        put<std::uint32_t>(at, number);
        put<std::uint32_t>(at + 4, 40);
        put<std::uint32_t>(at + 8, 10);
        put<std::uint32_t>(at + 12, 80);
        const std::size_t behind = (at + 4 + 4 * numbers + 7) & ~std::size_t{7};
        put<std::uint64_t>(behind, origin);
        put<std::uint64_t>(behind + 8, origin + 800);
        put<std::uint64_t>(behind + 16, origin);
        put<std::uint32_t>(behind + 24, 0);
        put<std::uint32_t>(behind + 28, 10);
        put<std::uint64_t>(behind + 32, base + 0x100);
        put<std::uint64_t>(behind + 40, base + buffer);
        put<std::uint32_t>(behind + 48, 800);
    }
    GuestMemory memory() const { return GuestMemory({{0, std::as_bytes(std::span(ram_))}}); }
    std::optional<std::vector<std::string>> tty1() const {
        const auto terminal = find_tty1(memory(), tables_);
        return terminal ? read_terminal(memory(), tables_, *terminal) : std::nullopt;
    }

    std::string ram_;
    PageTables tables_{Arch::aarch64, 0x1000, 48, 12};
};

TEST_F(Terminal, IsFoundByItsShapeInOldAndNewKernels) {
    ram_.replace(buffer, 800, cells("recovery login:", 400));
    for (const unsigned numbers : {4U, 5U})
        for (const std::size_t at : {0x5000U, 0x5004U}) {
            put_terminal(at, numbers, 0, base + buffer);
            const auto rows = tty1();
            ASSERT_TRUE(rows) << numbers << " " << at;
            EXPECT_EQ(rows->size(), 10U);
            EXPECT_EQ(rows->front(), "recovery login:");
            ram_.replace(0x5000, 0x100, std::string(0x100, '\0'));
        }
}

TEST_F(Terminal, OtherTerminalsAreNotTheFirst) {
    put_terminal(0x5000, 5, 1, base + buffer);
    EXPECT_FALSE(tty1());
}

TEST_F(Terminal, WhoseRowsAreNowhereIsNone) {
    put_terminal(0x5000, 5, 0, base + 0x4000'0000);
    EXPECT_FALSE(tty1());
}

TEST_F(Terminal, NumbersThatDoNotAgreeAreNone) {
    for (const std::size_t broken : {0x500cU, 0x5020U, 0x5048U}) {
        put_terminal(0x5000, 5, 0, base + buffer);
        ASSERT_TRUE(tty1());
        put<std::uint32_t>(broken, 7);
        EXPECT_FALSE(tty1()) << broken;
    }
}

}  // namespace
}  // namespace lktest
