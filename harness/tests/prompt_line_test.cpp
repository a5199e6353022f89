// SPDX-License-Identifier: MIT
#include "harness/boot/prompt_line.hpp"

#include <gtest/gtest.h>

#include "harness/console/screen.hpp"

namespace lktest {
namespace {

constexpr const char *left = "\x1b[D", *right = "\x1b[C", *up = "\x1b[A", *down = "\x1b[B", *home = "\x1b[H",
                     *end_key = "\x1bOF", *delete_key = "\x1b[3~";

class PromptLineTest : public testing::Test {
protected:
    PromptLineTest() { shown_ = line_.open(); }

    /// Types keys; returns the line that they end, or "".
    std::string type(const std::string& keys) {
        std::string ended;
        for (const char key : keys) {
            PromptLine::Result result = line_.put(key);
            shown_ += result.echo;
            if (result.line) {
                ended = *result.line;
                shown_ += line_.open();
            }
        }
        return ended;
    }
    /// The rows of the terminal that are not empty.
    std::vector<std::string> rows() const {
        Screen screen;
        screen.feed(shown_);
        std::vector<std::string> rows;
        for (const std::string& row : screen.rows())
            if (!row.empty())
                rows.push_back(row);
        return rows;
    }

    PromptLine line_{"\r\nlktest> ", {"continue", "core", "diagnose", "detach", "pause"}};
    std::string shown_;
};

TEST_F(PromptLineTest, IsEditedWithArrowsAndControlKeys) {
    EXPECT_EQ(type("pause\r"), "pause");
    EXPECT_EQ(type(std::string("pase") + left + left + "u\r"), "pause");
    EXPECT_EQ(type(std::string("xpause") + home + delete_key + end_key + "!\x7f\r"), "pause");
    EXPECT_EQ(type(std::string("ause") + "\x01p\x05" + right + right + "\r"), "pause");
    EXPECT_EQ(type("core vm.elf\x17x.elf\r"), "core x.elf");
    EXPECT_EQ(type("nonsense\x15pause\r"), "pause");
    EXPECT_EQ(type(std::string("pause now") + left + left + left + left + "\x0b\r"), "pause");
    EXPECT_EQ(type("forget it\x03pause\r"), "pause");
    EXPECT_EQ(type(std::string("\x7f\x7f") + delete_key + left + "pause\r"), "pause");
}

TEST_F(PromptLineTest, ShowsWhatItHolds) {
    type(std::string("pase") + left + left + "u");
    EXPECT_EQ(rows(), (std::vector<std::string>{"lktest> pause"}));
    type(std::string("\x05\x15monitor info") + home + "x" + "\r");
    EXPECT_EQ(rows(), (std::vector<std::string>{"lktest> xmonitor info", "lktest>"}));
}

TEST_F(PromptLineTest, RecallsEarlierLinesAndTheOneThatWasBegun) {
    type("first\rsecond\rsecond\r");
    EXPECT_EQ(type(std::string(up) + up + "\r"), "first");
    EXPECT_EQ(type(std::string("begun") + up + up + down + down + "\r"), "begun");
    EXPECT_EQ(type(std::string(up) + up + up + up + up + up + up + "\r"), "first");
}

TEST_F(PromptLineTest, CompletesItsCommands) {
    EXPECT_EQ(type("pa\t\r"), "pause ");
    EXPECT_EQ(type("co\tre\r"), "core");  // "continue" and "core" begin so
    EXPECT_EQ(type("di\t\r"), "diagnose ");
    EXPECT_EQ(type("zz\t\r"), "zz");
    EXPECT_EQ(type("core pa\t\r"), "core pa");
}

TEST_F(PromptLineTest, MovesByCharactersAndNotByBytes) {
    EXPECT_EQ(type(std::string("m aé漢b") + left + "\x7f\x7f\r"), "m ab");
    EXPECT_EQ(type(std::string("core b.elf") + left + left + left + left + left + "é\r"), "core éb.elf");
    type(std::string("xy") + left + "é");
    EXPECT_EQ(rows().back(), "lktest> xéy");
}

TEST_F(PromptLineTest, MayBeShownAndTypedIntoBeforeTheNextOneIsOpen) {
    for (const char key : std::string("end\r"))
        line_.put(key);
    EXPECT_NE(line_.redraw().find("lktest> "), std::string::npos);
    for (const char key : std::string("paus") + left + right + "e")
        line_.put(key);
    EXPECT_EQ(line_.put('\r').line, "pause");
}

TEST_F(PromptLineTest, IgnoresKeysThatItDoesNotKnow) {
    EXPECT_EQ(type("\x1b[15~p\x1b[1;5Caus\x1bOPe\r"), "pause");
}

}  // namespace
}  // namespace lktest
