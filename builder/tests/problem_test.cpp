// SPDX-License-Identifier: MIT
#include "builder/base/problem.hpp"

#include <gtest/gtest.h>

#include <array>

namespace lktest {
namespace {

constexpr std::array<std::string_view, 3> keys{"name", "within", "deadline"};

TEST(Problem, ShowsTheLineWithACaretAndTheHint) {
    const Problem problem{
        {"boot.toml", 2, 1}, "unknown key 'deadlin' in [[milestone]]", "did you mean 'deadline'?"};
    EXPECT_EQ(render(problem, "[[milestone]]\ndeadlin = 40\n"),
              "boot.toml:2:1: unknown key 'deadlin' in [[milestone]]\n"
              "    deadlin = 40\n"
              "    ^\n"
              "hint: did you mean 'deadline'?\n");
}

TEST(Problem, KeepsTabsSoThatTheCaretStandsUnderItsColumn) {
    EXPECT_EQ(render({{"a.toml", 1, 3}, "bad", ""}, "\t x"), "a.toml:1:3: bad\n    \t x\n    \t ^\n");
}

TEST(Problem, NamesOnlyTheFileWhenThereIsNoLine) {
    EXPECT_EQ(render({{"a.toml", 0, 0}, "it is empty", ""}, ""), "a.toml: it is empty\n");
}

TEST(NearestName, FindsATypingError) {
    EXPECT_EQ(nearest_name("deadlin", keys), "deadline");
    EXPECT_EQ(nearest_name("witihn", keys), "within");
}

TEST(NearestName, IsSilentWhenNothingIsNear) {
    EXPECT_EQ(nearest_name("colour", keys), "");
    EXPECT_EQ(suggestion("colour", keys), "one of: name, within, deadline");
}

TEST(ThrowProblems, HoldsEveryProblemInOneUsageError) {
    const std::vector<Problem> problems{{{"a", 1, 1}, "first", ""}, {{"a", 2, 1}, "second", ""}};
    try {
        throw_problems(problems, "x\ny\n");
        FAIL() << "nothing was thrown";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), Error::Kind::usage);
        EXPECT_STREQ(error.what(), "a:1:1: first\n    x\n    ^\na:2:1: second\n    y\n    ^");
    }
}

}  // namespace
}  // namespace lktest
