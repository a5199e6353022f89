// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "harness/console/transcript.hpp"

namespace lktest {

/// How a command in a guest's shell ended.
struct CommandResult {
    int status = 0;      ///< its exit status
    std::string output;  ///< what it wrote, errors included; at most 1 MiB of it
};

/// One command in the shell that listens on a serial console: what to type, and what its
/// answer says. Pure; times count from power-on.
///
/// First it knocks: a printf, again and again until it is answered, for a shell that just starts
/// throws away what was typed before. Then it types the command, once. The guest's shell puts a mark
/// before each line that the command writes, and one that no echo can look like: it is put together
/// only when the line is executed. So neither the kernel's records, before, between and within the
/// lines, nor what other programs write to the console are taken for the command's output.
///
/// The command runs in a subshell, its input is empty, its output and errors are a pipe, and the next
/// command begins in the same state as this one. The shell must know printf's %b (POSIX).
class ShellCommand {
public:
    /// @param number  unique among the commands of this console
    /// @param knock_every  how long a knock is waited for before the next one
    ShellCommand(std::string_view command, unsigned number, std::chrono::microseconds knock_every);

    /// What is to be typed now; empty when nothing is.
    std::string type(std::chrono::microseconds now);
    /// When type() will have something to type although nothing was said.
    std::optional<std::chrono::microseconds> types_at() const;

    void said(const ConsoleLine& line);
    /// The end, once it is there.
    const std::optional<CommandResult>& result() const noexcept { return result_; }

    /// Whether a shell has answered.
    bool answered() const noexcept { return state_ != State::knocking; }
    /// What the command wrote so far.
    const std::string& output() const noexcept { return output_; }

private:
    enum class State { knocking, answered, typed };

    std::string command_, knock_, mark_, end_;
    std::chrono::microseconds knock_every_;
    std::optional<std::chrono::microseconds> knocked_;
    State state_ = State::knocking;
    std::string output_;
    std::optional<CommandResult> result_;
};

}  // namespace lktest
