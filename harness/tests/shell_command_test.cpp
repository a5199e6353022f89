// SPDX-License-Identifier: MIT
#include "harness/console/shell_command.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>

#include "builder/base/process.hpp"

namespace lktest {
namespace {

using namespace std::chrono_literals;

/// A conversation with a guest whose bytes arrive in pieces of any size.
struct Conversation {
    ShellCommand command{"echo hello", 7, 2s};
    Transcript transcript;

    void hear(std::string_view bytes, std::size_t piece = 1) {
        for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size())))
            transcript.feed(bytes.substr(0, piece), 1s,
                            [this](const ConsoleLine& line) { command.said(line); });
    }
    std::string type(std::chrono::microseconds now) { return command.type(now); }
};

/// A conversation up to the point at which the command was typed.
Conversation typed() {
    Conversation guest;
    guest.type(0s);
    guest.hear("@lktest-7-here@\r\n");
    guest.type(1s);
    return guest;
}

TEST(ShellCommand, KnocksUntilAShellAnswers) {
    Conversation guest;
    const std::string knock = guest.type(0s);
    EXPECT_EQ(knock, "\x15printf '@%s@\\n' lktest-7-here\r");
    EXPECT_EQ(guest.command.types_at(), 2s);
    EXPECT_EQ(guest.type(1s), "");
    EXPECT_EQ(guest.type(2s), knock);
    guest.hear("@lktest-7-here@\r\n");
    EXPECT_TRUE(guest.command.answered());
    EXPECT_NE(guest.type(2s).find("echo hello"), std::string::npos);
    EXPECT_EQ(guest.type(10s), "");  // a command is typed once
}

TEST(ShellCommand, IsNotAnsweredByTheEchoOfItsOwnWords) {
    Conversation guest;
    const std::string knock = guest.type(0s);
    guest.hear("root@live:~# " + knock.substr(1) + "\n");
    EXPECT_FALSE(guest.command.answered());
    guest.hear("@lktest-7-here@\r\n");
    const std::string line = guest.type(1s);
    guest.hear("root@live:~# " + line + "\n");
    EXPECT_EQ(guest.command.output(), "");
    EXPECT_FALSE(guest.command.result());
}

TEST(ShellCommand, TellsStatusAndOutput) {
    Conversation guest = typed();
    guest.hear(
        "@lktest-7|hello\r\n@lktest-7|world\r\n@lktest-7|\r\n@lktest-7|@lktest-7-end:3@\r\nroot@live:~# ");
    ASSERT_TRUE(guest.command.result());
    EXPECT_EQ(guest.command.result()->status, 3);
    EXPECT_EQ(guest.command.result()->output, "hello\nworld\n");
}

TEST(ShellCommand, KeepsOutputWithoutANewlineAsItIs) {
    Conversation guest = typed();
    guest.hear("@lktest-7|hello\r\n@lktest-7|@lktest-7-end:0@\r\n");
    ASSERT_TRUE(guest.command.result());
    EXPECT_EQ(guest.command.result()->output, "hello");
}

TEST(ShellCommand, HasNoOutputWhenThereIsNone) {
    Conversation guest = typed();
    guest.hear("@lktest-7|\r\n@lktest-7|@lktest-7-end:0@\r\n");
    ASSERT_TRUE(guest.command.result());
    EXPECT_EQ(guest.command.result()->output, "");
}

TEST(ShellCommand, LeavesTheKernelsRecordsOut) {
    Conversation guest = typed();
    guest.hear(
        "@lktest-7|hel[    9.100000] usb 1-1: gone\r\nlo\r\n"
        "[    9.200000] usb 1-2: new device\r\n"
        "@lktest-7|\r\n@lkt[    9.300000] usb 1-2: gone\r\nest-7|@lktest-7-end:12@\r\n");
    ASSERT_TRUE(guest.command.result());
    EXPECT_EQ(guest.command.result()->status, 12);
    EXPECT_EQ(guest.command.result()->output, "hello\n");
}

TEST(ShellCommand, LeavesOutWhatOtherProgramsWrite) {
    Conversation guest = typed();
    guest.hear(
        "lktest: network: fetched 7 bytes\r\n@lktest-7|hello\r\ndaemon: still here\r\n"
        "daemon: no newline@lktest-7|world\r\ndaemon: again@lktest-7|@lktest-7-end:0@\r\n");
    ASSERT_TRUE(guest.command.result());
    EXPECT_EQ(guest.command.result()->output, "hello\nworld");
}

TEST(ShellCommand, TakesNoEarlierCommandsEndForItsOwn) {
    Conversation guest = typed();
    guest.hear(
        "@lktest-6|@lktest-6-end:0@\r\n@lktest-7|@lktest-6-end:0@\r\n@lktest-7|\r\n"
        "@lktest-7|@lktest-7-end:1@\r\n");
    ASSERT_TRUE(guest.command.result());
    EXPECT_EQ(guest.command.result()->status, 1);
    EXPECT_EQ(guest.command.result()->output, "@lktest-6-end:0@\n");
}

TEST(ShellCommand, BoundsTheOutputOfAFlood) {
    Conversation guest = typed();
    const std::string line = "@lktest-7|" + std::string(100'000, 'x') + "\r\n";
    for (int i = 0; i < 30; ++i)
        guest.hear(line, line.size());
    guest.hear("@lktest-7|\r\n@lktest-7|@lktest-7-end:0@\r\n");
    ASSERT_TRUE(guest.command.result());
    EXPECT_LT(guest.command.result()->output.size(), 1'300'000);
}

/// How real shells interpret the typed line.
class EveryShell : public ::testing::TestWithParam<std::vector<std::string>> {};

TEST_P(EveryShell, RunsTheCommandAsItWasWritten) {
    const std::string script =
        "printf 'a\\tb\\n'; echo \"it's \\$HOME! 100%\"\nprintf '%s\\n' '\tü \\n'\nexit 9";
    Conversation guest{ShellCommand(script, 1, 2s), {}};
    std::string typed = guest.type(0s).substr(1);
    typed.back() = '\n';
    guest.hear("@lktest-1-here@\n");
    typed += guest.type(0s);
    typed.back() = '\n';
    std::vector<std::string> arguments = GetParam();
    arguments.push_back(typed);
    const ProcessResult result = run_process(arguments);
    guest.hear(result.out);
    ASSERT_TRUE(guest.command.result()) << result.out << result.err;
    EXPECT_EQ(guest.command.result()->status, 9);
    EXPECT_EQ(guest.command.result()->output, "a\tb\nit's $HOME! 100%\n\tü \\n\n");
}

/// A process that a command leaves running must hide neither its end nor the shell.
TEST_P(EveryShell, IsDoneWithACommandThatLeavesADaemon) {
    Conversation guest{ShellCommand("sleep 60 & echo started", 1, 2s), {}};
    guest.type(0s);
    guest.hear("@lktest-1-here@\n");
    std::string typed = guest.type(0s);
    typed.back() = '\n';
    std::vector<std::string> arguments = GetParam();
    arguments.push_back(typed + "echo next");
    ProcessOptions options;
    options.deadline = 30s;
    const ProcessResult result = run_process(arguments, options);
    EXPECT_FALSE(result.timed_out);
    EXPECT_TRUE(result.out.ends_with("next\n")) << result.out;
    guest.hear(result.out);
    ASSERT_TRUE(guest.command.result()) << result.out;
    EXPECT_EQ(guest.command.result()->output, "started\n");
}

INSTANTIATE_TEST_SUITE_P(OfDebian, EveryShell,
                         ::testing::Values(std::vector<std::string>{"bash", "-c"},
                                           std::vector<std::string>{"dash", "-c"},
                                           std::vector<std::string>{"busybox", "sh", "-c"}));

}  // namespace
}  // namespace lktest
