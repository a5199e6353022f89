// SPDX-License-Identifier: MIT
#include "harness/console/shell_command.hpp"

#include <fmt/format.h>

#include <charconv>
#include <sstream>
#include <utility>

namespace lktest {
namespace {

constexpr std::size_t most_output = 1'048'576;

// Terminals' line disciplines and shells' line editors both accept this.
constexpr char erase_line = '\x15';  // Ctrl-U

/// An argument of printf %b that produces `text`: one line without characters that an interactive shell
/// interprets, such as the tab or a quote.
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

std::vector<std::string> last_lines(const std::string& text) {
    constexpr std::size_t count = 10;
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) {
        lines.push_back(line);
        if (lines.size() > count)
            lines.erase(lines.begin());
    }
    return lines;
}

ShellCommand::ShellCommand(std::string_view command, unsigned number, std::chrono::microseconds knock_every)
    : knock_(fmt::format("@lktest-{}-here@", number)),
      mark_(fmt::format("@lktest-{}|", number)),
      end_(fmt::format("@lktest-{}-end:", number)),
      knock_every_(knock_every) {
    // The marks are split so that the echo of this line does not contain them. The loop ends with the
    // command, even if a daemon started by the command keeps the pipe open.
    command_ = fmt::format(
        R"sh({{ ( eval "$(printf '%b' '{1}')" ) </dev/null; printf '\n@%s:%d@\n' lktest-{0}-end $?; }} 2>&1 | )sh"
        R"sh(while IFS= read -r line; do printf '@%s|%s\n' lktest-{0} "$line"; )sh"
        R"sh(case $line in "@lktest-{0}"-end:*) break; esac; done)sh"
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
    if (state_ != State::typed)
        return;
    // Others also write to the console, before one of our lines or even without a newline.
    const std::size_t mark = text.find(mark_);
    if (mark == text.npos)
        return;
    const std::string_view said = std::string_view(text).substr(mark + mark_.size());
    if (!said.starts_with(end_)) {
        if (output_.size() < most_output)
            output_.append(said) += '\n';
        return;
    }
    // The newline before the mark belongs to the mark.
    if (output_.ends_with('\n'))
        output_.pop_back();
    CommandResult result{0, output_};
    const std::string_view digits = said.substr(end_.size());
    std::from_chars(digits.data(), digits.data() + digits.size(), result.status);
    result_ = std::move(result);
}

}  // namespace lktest
