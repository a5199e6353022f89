// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/console/transcript.hpp"

namespace lktest {

/// How a command in a guest's shell ended.
struct CommandResult {
    int status = 0;      ///< its exit status
    std::string output;  ///< its output and errors; at most 1 MiB
};

/// The last ten lines of an output.
std::vector<std::string> last_lines(const std::string& text);

/// Runs one command in the shell on a serial console: decides what to type, and interprets the answer. Pure;
/// times count from power-on.
///
/// First it knocks: it repeats a printf until it is answered, because a starting shell discards earlier
/// input. Then it types the command once. The guest's shell puts a mark before each line of the command's
/// output. No echo can look like the mark, which is assembled only when the line is executed. Kernel records
/// before, between and within the lines, and output of other programs, are therefore not taken for the
/// command's output.
///
/// The command runs in a subshell with empty input, and a pipe receives its output and errors. The next
/// command starts in the same state as this one. The shell must support printf's %b (POSIX).
class ShellCommand {
public:
    /// @param number  unique among the commands of this console
    /// @param knock_every  how long to wait for an answer before the next knock
    ShellCommand(std::string_view command, unsigned number, std::chrono::microseconds knock_every);

    /// The input to type now; may be empty.
    std::string type(std::chrono::microseconds now);
    /// When type() will have input although there is no output; unset if that is unknown.
    std::optional<std::chrono::microseconds> types_at() const;

    void said(const ConsoleLine& line);
    /// The command's result, once it has ended.
    const std::optional<CommandResult>& result() const noexcept { return result_; }

    /// Whether a shell has answered.
    bool answered() const noexcept { return state_ != State::knocking; }
    /// The command's output so far.
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
