// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "harness/console/line_reader.hpp"

namespace lktest {

/// One line as the kernel or a program wrote it.
struct ConsoleLine {
    std::chrono::microseconds at{};  ///< when its first byte came, since power-on
    std::string text;                ///< complete; a record includes its prefix; without newline
    std::size_t message = 0;         ///< for a kernel record, the offset of the message; else 0

    bool kernel() const noexcept { return message > 0; }
    /// The text without the printk prefix.
    std::string_view said() const noexcept { return std::string_view(text).substr(message); }
};

/// Separates console output into the kernel's records and the programs' lines, and rejoins lines that records
/// cut in two.
class Transcript {
public:
    using Sink = std::function<void(const ConsoleLine&)>;
    /// @param sink  receives each line when it ends; a cut line ends after the records that cut it
    void feed(std::string_view bytes, std::chrono::microseconds at, const Sink& sink);

    /// The unfinished line of the programs; a prompt never ends.
    std::string unfinished() const;
    bool has_unfinished() const { return !begun_.text.empty() || !begun_behind_records().empty(); }
    /// When that line last changed.
    std::chrono::microseconds still_since() const noexcept { return still_since_; }

private:
    void take(ConsolePiece&& piece, const Sink& sink);
    std::string_view begun_behind_records() const;

    LineReader reader_;
    ConsoleLine begun_;  ///< the pieces of the unfinished line that records cut off
    std::chrono::microseconds still_since_{};
};

/// Turns a guest's console bytes into a readable log: each line is preceded by the time since power-on of its
/// first byte, "[   12.345678] text". Contains no escape sequences; control characters are shown as "\x07".
class TimedLog {
public:
    /// The lines completed by these bytes, each with its newline; often empty.
    std::string feed(std::string_view bytes, std::chrono::microseconds at);
    /// The unfinished line at the end of the log; empty if there is none.
    std::string finish();

private:
    LineReader reader_{LineReader::Controls::show};
};

}  // namespace lktest
