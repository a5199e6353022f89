// SPDX-License-Identifier: MIT
#include "harness/console/frames.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace lktest {
namespace {

/// The frames' rows as text, each frame followed by a line of dashes.
std::string shown(const std::vector<Picture>& frames) {
    std::string text;
    for (const Picture& picture : frames) {
        for (const auto& row : picture) {
            for (const PaintedText& part : row)
                text += part.text;
            text += "\n";
        }
        text += "--\n";
    }
    return text;
}

TEST(TerminalFrames, AreWhatStoodThereWhenItWasErasedAndAtTheEnd) {
    EXPECT_EQ(shown(terminal_frames("firmware\r\nready\r\n\x1b[2J\x1b[H"
                                    "menu\r\n1 live\r\n2 debug\x1b[H\x1b[J"
                                    "Linux version 6.1\r\nlogin:",
                                    8)),
              "firmware\nready\n--\nmenu\n1 live\n2 debug\n--\nLinux version 6.1\nlogin:\n--\n");
}

TEST(TerminalFrames, CountAScreenOnceThatIsPaintedAgain) {
    EXPECT_EQ(shown(terminal_frames("\x1b[2J\x1b[Ha\r\nb\x1b[2J\x1b[Ha\r\nb\x1b[2J\x1b[Ha\r\nb", 8)),
              "a\nb\n--\n");
}

TEST(TerminalFrames, AreNotMadeByErasingALineOrTheEmptyRest) {
    EXPECT_EQ(shown(terminal_frames("one\r\ntwo\r\n\x1b[J$ \x1b[Kls\r\n\x1b[J", 8)), "one\ntwo\n$ ls\n--\n");
    EXPECT_EQ(shown(terminal_frames("alone\x1b[2J", 8)), "");
    EXPECT_EQ(shown(terminal_frames("", 8)), "");
}

TEST(TerminalFrames, AreTheFirstAndTheLastOfMany) {
    std::string bytes;
    for (int n = 0; n < 10; ++n)
        bytes += "\x1b[2J\x1b[Hscreen\r\n" + std::to_string(n);
    EXPECT_EQ(shown(terminal_frames(bytes, 4)),
              "screen\n0\n--\nscreen\n1\n--\nscreen\n8\n--\nscreen\n9\n--\n");
}

TEST(TerminalFrames, EndWithAGuestThatErasesForEver) {
    std::string bytes;
    for (int n = 0; n < 100'000; ++n)
        bytes += "a\r\nb" + std::to_string(n) + "\x1b[2J\x1b[H";
    EXPECT_EQ(terminal_frames(bytes + "the\r\nend", 8).size(), 8U);
}

TEST(TerminalFrames, HaveTheirColours) {
    const auto frames = terminal_frames(
        "\x1b[1;37;44m GRUB \x1b[0m plain\r\n\x1b[7mchosen\x1b[27m\x1b[38;5;208mx\x1b[38;2;1;2;3my", 8);
    ASSERT_EQ(frames.size(), 1U);
    ASSERT_EQ(frames[0].size(), 2U);
    EXPECT_EQ(frames[0][0],
              (std::vector<PaintedText>{{" GRUB ", {.foreground = 7, .background = 4, .bold = true}},
                                        {" plain", {}}}));
    EXPECT_EQ(frames[0][1], (std::vector<PaintedText>{{"chosen", {.reversed = true}},
                                                      {"x", {.foreground = 208}},
                                                      {"y", {.foreground = Pen::rgb_colour | 0x010203}}}));
    EXPECT_EQ(json_frames(frames),
              R"([[[[" GRUB ",7,4,1],[" plain"]],[["chosen",-1,-1,4],["x",208,-1,0],["y",16843267,-1,0]]]])"
              "\n");
}

TEST(TerminalFrames, KeepTheGroundThatWasErasedWithAColour) {
    const auto frames = terminal_frames("\x1b[44m\x1b[2J\x1b[Hblue\r\nscreen", 8);
    ASSERT_EQ(frames.size(), 1U);
    EXPECT_EQ(frames[0].size(), static_cast<std::size_t>(Screen::row_count));
    EXPECT_EQ(frames[0][0].size(), 1U) << "one pen from the first column to the last";
    EXPECT_EQ(frames[0][0][0].pen, Pen{.background = 4});
}

TEST(TerminalFrames, MoveTheirColoursWhenTheScreenScrolls) {
    std::string bytes = "\x1b[31mred\x1b[0m";
    for (int row = 1; row < Screen::row_count; ++row)
        bytes += "\r\nrow";
    const auto before = terminal_frames(bytes, 1), after = terminal_frames(bytes + "\r\nrow", 1);
    EXPECT_EQ(before[0][0][0], (PaintedText{"red", {.foreground = 1}}));
    EXPECT_EQ(after[0][0][0], (PaintedText{"row", {}}));
}

TEST(JsonFrames, AreHarmless) {
    const std::string json =
        json_frames(terminal_frames("a\x1b]0;owned\x07\xff\xe2\x80\xae\r\nb<script>", 8));
    EXPECT_TRUE(nlohmann::json::accept(json)) << json;
    EXPECT_EQ(json.find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace lktest
