// SPDX-License-Identifier: MIT
#include "builder/base/ci_commands.hpp"

#include <gtest/gtest.h>

#include <array>
#include <nlohmann/json.hpp>
#include <random>

#include "builder/tests/support/ci_runner.hpp"

namespace lktest {
namespace {

TEST(CiCommands, LeavesOrdinaryTextAlone) {
    for (const std::string_view text :
         {"kernel: Linux version 6.1", "lease fe80::1 for 52:54:00:12:34:56", "std::vector<int>",
          "# a comment", "### Heading", "a ## b [c]", "#[derive]", "10:30:05 ::1 answers",
          "\x1b[1;31mbad\x1b[0m ✓ [ok]", "section_start and section_end", "\x1b[38:2::10:20:30mred"})
        EXPECT_EQ(without_commands(text), text);
}

TEST(CiCommands, BreaksTheCommandsOfEveryRunner) {
    EXPECT_EQ(without_commands("::error title=x::y"), ": :error title=x::y");
    EXPECT_EQ(without_commands("a\n \t::add-mask::b\n"), "a\n \t: :add-mask::b\n");
    EXPECT_EQ(without_commands("progress\r::error::x"), "progress\r: :error::x");
    EXPECT_EQ(without_commands("it says ##[error]x"), "it says ## [error]x");
    EXPECT_EQ(without_commands("###[group]"), "### [group]");
    EXPECT_EQ(without_commands("##vso[task.complete]"), "##vso [task.complete]");
    EXPECT_EQ(without_commands("##teamcity[testFailed name='x']"), "##teamcity [testFailed name='x']");
    EXPECT_EQ(without_commands("section_start:1:x\r\x1b[0K"), "section_start :1:x\r\x1b[0K");
    EXPECT_EQ(without_commands("\x1b[0Ksection_end:1:x\r"), "\x1b[0Ksection_end :1:x\r");
}

TEST(CiCommands, SeesThroughWhatARunnerSkips) {
    EXPECT_EQ(without_commands("\x1b[2m  ::error::x"), "\x1b[2m  : :error::x");
    EXPECT_EQ(without_commands("\xc2\xa0::error::x"), "\xc2\xa0: :error::x");  // .NET trims it
    EXPECT_EQ(without_commands("#\xef\xb8\x8f#[error]"), "#\xef\xb8\x8f# [error]");
    EXPECT_EQ(without_commands("##\x1b[0m[error]"), "## \x1b[0m[error]");
    EXPECT_EQ(without_commands("\x1b[##[error]"), "\x1b[## [error]");
    EXPECT_EQ(without_commands("\x1b::error::"), "\x1b: :error::");
}

TEST(CiCommands, FindsACommandInPieces) {
    CommandFilter filter;
    std::string filtered;
    for (const std::string_view piece : {":", ":error::x\n#", "#", "[x]"})
        filtered += filter.pass(piece);
    EXPECT_EQ(filtered, ": :error::x\n## [x]");
}

TEST(CiCommands, BreaksInJsonChangeNoString) {
    const nlohmann::json json = {{"a", "##[error]x"}, {"b", "##vso[y]"}, {"c", "section_start:1:z"}};
    const std::string text = json_without_commands(json.dump(2));
    EXPECT_EQ(nlohmann::json::parse(text), json);
    EXPECT_TRUE(runner_commands(text).empty()) << text;
    EXPECT_EQ(without_commands(text), text);
}

TEST(CiCommands, NoMixtureOfTheirPartsGetsThrough) {
    constexpr std::array<std::string_view, 20> parts{
        ":",           "::",  "#",    "##",      "[",       "vso", "teamcity", "section_start",
        "section_end", "1:x", "\x1b", "\x1b[",   "\x1b[0m", "\r",  "\n",       "\xc2\xa0",
        " ",           "e",   "s",    "\xcc\x81"};
    std::mt19937 random(7);  // NOLINT(cert-msc51-cpp): the same texts each time
    std::size_t attacks = 0;
    for (int i = 0; i < 20000; ++i) {
        std::string text, filtered;
        CommandFilter filter;
        for (int j = 0; j < 8; ++j) {
            const std::string_view part = parts[random() % parts.size()];
            text += part;
            filtered += filter.pass(part);
        }
        attacks += runner_commands(text).empty() ? 0 : 1;
        ASSERT_TRUE(runner_commands(filtered).empty()) << testing::PrintToString(text);
    }
    EXPECT_GT(attacks, 1000U);
}

}  // namespace
}  // namespace lktest
