// SPDX-License-Identifier: MIT
#include "harness/console/screen.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace lktest {
namespace {

std::vector<std::string> rows(std::string_view bytes) {
    Screen screen;
    screen.feed(bytes);
    return screen.rows();
}

std::vector<std::string> painted(std::string_view bytes, std::size_t chunk = std::string_view::npos) {
    Screen screen;
    std::vector<std::string> seen;
    for (std::size_t at = 0; at < bytes.size(); at += std::min(chunk, bytes.size())) {
        screen.feed(bytes.substr(at, chunk));
        screen.paint([&seen](std::string_view row) { seen.emplace_back(row); });
    }
    return seen;
}

using Rows = std::vector<std::string>;

TEST(Screen, ShowsWhatCursorMovesPaint) {
    EXPECT_EQ(rows("\x1b[2J\x1b[02;05HGNU GRUB\x1b[1;1Htop\x1b[2;14H 2.06"),
              (Rows{"top", "    GNU GRUB  2.06"}));
}

TEST(Screen, ScrollsAtItsLastRow) {
    std::string bytes;
    for (int i = 0; i < 100; ++i)
        bytes += "line " + std::to_string(i) + "\r\n";
    const Rows shown = rows(bytes + "prompt> ");
    ASSERT_EQ(shown.size(), static_cast<std::size_t>(Screen::row_count));
    EXPECT_EQ(shown.front(), "line 51");
    EXPECT_EQ(shown.back(), "prompt>");
}

TEST(Screen, ErasesInsertsAndDeletes) {
    EXPECT_EQ(rows("abc\r\x1b[K"), Rows{});
    EXPECT_EQ(rows("a\r\nb\r\nc\x1b[2;1H\x1b[M"), (Rows{"a", "c"}));
    EXPECT_EQ(rows("a\r\nb\x1b[1;1H\x1b[2L"), (Rows{"", "", "a", "b"}));
    EXPECT_EQ(rows("abc\x1b[1;1H\x1b[P"), (Rows{"bc"}));
    EXPECT_EQ(rows("one\x1b"
                   "ctwo"),
              (Rows{"two"}));
}

TEST(Screen, ShowsFramesAndWideCharacters) {
    EXPECT_EQ(rows("\x1b(0lqk\x1b(B \xe2\x94\x80 \xe4\xb8\xad."), (Rows{"┌─┐ ─ 中."}));
}

TEST(Screen, GivesEachRowThatTheCursorLeavesBeforeItIsOverwritten) {
    EXPECT_EQ(painted("\x1b[2;3HISOLINUX\x1b[2J\x1b[2;3HGRUB\x1b[5;1H"), (Rows{"  ISOLINUX", "  GRUB"}));
    EXPECT_EQ(painted("boot:\rBOOT\n"), (Rows{"boot:", "BOOT:"}));
    const std::string wide(2 * Screen::column_count + 5, 'w');
    EXPECT_EQ(painted(wide + "\r\n"),
              (Rows{wide.substr(0, Screen::column_count), wide.substr(0, Screen::column_count), "wwwww"}));
}

TEST(Screen, GivesTheSameRowsHoweverTheBytesAreCut) {
    constexpr std::string_view bytes =
        "\x1b[2J\x1b[02;24HGNU GRUB\n\r\x1b[4;2H+--+\x1b[5;2H|\x1b[5;80H "
        "\x1b[7m*live\x1b[m\x1b[1;1H\x1b[Jboot:\r\n";
    const Rows whole = painted(bytes);
    for (std::size_t chunk = 1; chunk < bytes.size(); ++chunk)
        EXPECT_EQ(painted(bytes, chunk), whole) << chunk;
}

TEST(Screen, NeverAnswersAndNeverHangsOnWhatAGuestSends) {
    // Repeat counts, margins, modes, reports, and endless combining characters.
    EXPECT_EQ(rows("\x1b[5b\x1b[999999999999999b\x1b[6n\x1b[c\x1b[20;10r\x1b[?3h\x1b[8;1;1t\x1b[4hok"),
              (Rows{"ok"}));
    std::string accents = "e";
    for (int i = 0; i < 100'000; ++i)
        accents += "\xcc\x81";
    EXPECT_EQ(rows("\x1b[2J\x1b[H" + accents + "\x1b[H\x1b[2Jok"), (Rows{"ok"}));
}

TEST(Screen, TakesAnyBytes) {
    std::mt19937 random(4);
    constexpr std::string_view telling =
        "\x1b\x1b\x1b\x1b[[[[;;?0123456789ABCDEFGHJKLMPSTX@`adefrsubcm78DEM(0B "
        "\r\n\t\b\xc4\x9b\xe4\xb8\xad\xcc\x81xyz";
    for (int round = 0; round < 300; ++round) {
        std::string bytes;
        for (int i = 0; i < 2000; ++i)
            bytes += telling[random() % telling.size()];
        for (const std::string& row : rows(bytes))
            ASSERT_LE(row.size(), 4U * Screen::column_count);
    }
}

TEST(Screen, KeepsTheEndOfAFloodThatNobodyLooksAt) {
    Screen screen;
    for (int i = 0; i < 200'000; ++i)
        screen.feed("flood " + std::to_string(i) + "\r\n");
    EXPECT_EQ(screen.rows().back(), "flood 199999");
}

}  // namespace
}  // namespace lktest
