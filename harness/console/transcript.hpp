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
    std::string text;                ///< whole, a record with its prefix; without newline
    std::size_t message = 0;         ///< of a kernel record: where the message begins; else 0

    bool kernel() const noexcept { return message > 0; }
    /// The text without the printk prefix.
    std::string_view said() const noexcept { return std::string_view(text).substr(message); }
};

/// What was said on a console: the kernel's records, and what programs wrote with the
/// records taken out and the lines that they cut in two made whole again.
class Transcript {
public:
    using Sink = std::function<void(const ConsoleLine&)>;
    /// @param sink  is given each line as it ends; a line that was cut ends after the records that cut it
    void feed(std::string_view bytes, std::chrono::microseconds at, const Sink& sink);

    /// The line that programs have begun and not ended, as a prompt never is.
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

/// Makes the text of a log that people read, of bytes that a guest wrote: each line of the
/// console behind the time since power-on of its first byte, "[   12.345678] text". Holds
/// no escape sequence; control characters are shown as "\x07".
class TimedLog {
public:
    /// The lines that these bytes ended, each with its newline; often empty.
    std::string feed(std::string_view bytes, std::chrono::microseconds at);
    /// The line that never ended; empty when there is none. For the end of the log.
    std::string finish();

private:
    LineReader reader_{LineReader::Controls::show};
};

}  // namespace lktest
