// SPDX-License-Identifier: MIT
#include "harness/console/shell_command.hpp"

#include <fmt/format.h>

#include <charconv>
#include <utility>

namespace lktest {
namespace {

constexpr std::size_t most_output = 1'048'576;

// What a terminal's line discipline and shells' line editors understand alike.
constexpr char erase_line = '\x15';  // Ctrl-U

/// The argument of printf %b that stands for `text`: one line without what a shell that
/// reads from a terminal gives a meaning to, such as the tab or a quote.
std::string escaped(std::string_view text) {
    std::string said;
    for (const char c : text) {
        if (c == '\n')
            said += "\\n";
        else if (c == '\\')
            said += "\\\\";
        else if (c < ' ' || c > '~' || c == '\'' || c == '!')
            said += fmt::format("\\0{:03o}", static_cast<unsigned char>(c));
        else
            said += c;
    }
    return said;
}

}  // namespace

ShellCommand::ShellCommand(std::string_view command, unsigned number, std::chrono::microseconds knock_every)
    : knock_(fmt::format("@lktest-{}-here@", number)),
      begin_(fmt::format("@lktest-{}-begin@", number)),
      end_(fmt::format("@lktest-{}-end:", number)),
      knock_every_(knock_every) {
    // The marks are split, so that the echo of this line holds none of them.
    command_ =
        fmt::format(R"sh(printf '@%s@\n' lktest-{0}-begin; ( eval "$(printf '%b' '{1}')" ) </dev/null; )sh"
                    R"sh(printf '\n@%s:%d@\n' lktest-{0}-end $?)sh"
                    "\r",
                    number, escaped(command));
}

std::string ShellCommand::type(std::chrono::microseconds now) {
    if (state_ == State::answered) {
        state_ = State::typed;
        return command_;
    }
    if (state_ != State::knocking || (knocked_ && now < *knocked_ + knock_every_))
        return {};
    knocked_ = now;
    const std::string_view word = std::string_view(knock_).substr(1, knock_.size() - 2);
    return fmt::format("{}printf '@%s@\\n' {}\r", erase_line, word);
}

std::optional<std::chrono::microseconds> ShellCommand::types_at() const {
    if (state_ == State::answered)
        return std::chrono::microseconds::zero();
    if (state_ != State::knocking)
        return std::nullopt;
    return knocked_ ? *knocked_ + knock_every_ : std::chrono::microseconds::zero();
}

void ShellCommand::said(const ConsoleLine& line) {
    if (line.kernel() || result_)
        return;
    const std::string& text = line.text;
    if (state_ == State::knocking) {
        if (text.find(knock_) != text.npos)
            state_ = State::answered;
        return;
    }
    if (state_ == State::typed) {
        if (text.find(begin_) != text.npos)
            state_ = State::running;
        return;
    }
    if (state_ != State::running)
        return;
    // Others may write to the console too, even into a line of ours.
    const std::size_t mark = text.find(end_);
    if (output_.size() < most_output)
        output_.append(text, 0, mark);
    if (mark == text.npos) {
        output_ += '\n';
        return;
    }
    // The newline before the mark is the mark's.
    if (output_.ends_with('\n'))
        output_.pop_back();
    CommandResult result{0, output_};
    const char* digits = text.data() + mark + end_.size();
    std::from_chars(digits, text.data() + text.size(), result.status);
    result_ = std::move(result);
}

}  // namespace lktest
