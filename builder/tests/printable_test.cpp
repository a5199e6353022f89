// SPDX-License-Identifier: MIT
#include "builder/base/printable.hpp"

#include <gtest/gtest.h>

namespace lktest {
namespace {

TEST(Printable, LeavesOrdinaryTextAlone) {
    EXPECT_EQ(printable("Ünïcode ✓ 漢字 \\x1b 😀"), "Ünïcode ✓ 漢字 \\x1b 😀");
}

TEST(Printable, MakesControlCharactersVisible) {
    EXPECT_EQ(printable(std::string_view("a\x1b[2J\r\n\0\x7f", 9)), "a\\x1b[2J\\x0d\\x0a\\x00\\x7f");
    EXPECT_EQ(printable("C1: \u009b31m"), "C1: \\u{9b}31m");
}

TEST(Printable, TurnsATabIntoASpace) {
    EXPECT_EQ(printable("a\tb"), "a b");
}

TEST(Printable, ShowsBytesThatAreNoUtf8) {
    EXPECT_EQ(printable("\xff\xc0\xaf"), "\\xff\\xc0\\xaf");           // overlong
    EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");           // surrogate
    EXPECT_EQ(printable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");  // above U+10FFFF
    EXPECT_EQ(printable("cut \xe2\x9c"), "cut \\xe2\\x9c");
    EXPECT_EQ(printable("\x9b"
                        "31m"),
              "\\x9b31m");
}

TEST(Printable, ShowsWhatReordersOrHidesText) {
    EXPECT_EQ(printable("a\u202eb\u200bc\ufeff"), "a\\u{202e}b\\u{200b}c\\u{feff}");
    EXPECT_EQ(printable("\uffff"), "\\u{ffff}");
}

TEST(Printable, CountsColumnsAsTerminalsDo) {
    EXPECT_EQ(columns("abc"), 3U);
    EXPECT_EQ(columns("✓ é"), 3U);
    EXPECT_EQ(columns("e\u0301"), 1U);
    EXPECT_EQ(columns("漢字"), 4U);
}

TEST(Printable, ClipsToColumnsAndSaysSo) {
    EXPECT_EQ(clip("abcdef", 6), "abcdef");
    EXPECT_EQ(clip("abcdef", 5), "abcd…");
    EXPECT_EQ(clip("漢字漢", 4), "漢…");  // half a wide character does not exist
    EXPECT_EQ(clip("abc", 0), "");
}

}  // namespace
}  // namespace lktest
