// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "harness/console/escapes.hpp"

namespace lktest {

/// A piece of a console's text that stands on one line.
struct ConsolePiece {
    enum class End {
        newline,  ///< a newline, or the line became longer than any line may be
        painted,  ///< the cursor went elsewhere: painted text is never ended by a newline
        cut,      ///< the kernel wrote a record behind it; the line goes on after that
    };
    std::chrono::microseconds at{};  ///< when its first byte came, since power-on
    std::string text;                ///< UTF-8 without sequences; the only control is the tab
    std::size_t message = 0;         ///< of a kernel record: where it begins behind its prefix; else 0
    End end = End::newline;
};

/// Makes lines of a console's bytes, as a terminal would show them: backspace moves back,
/// and what is written after a carriage return or a cursor move is a line of its own, so
/// that nothing is overwritten before it was seen. A kernel record that begins in
/// mid-line begins a piece of its own. Painted pieces without a letter or digit (frames,
/// blanks) are dropped.
class LineReader {
public:
    static constexpr std::size_t longest_line = 65'536;

    enum class Controls { drop, show };
    /// @param controls  whether control characters are dropped or shown as "\x07"
    explicit LineReader(Controls controls = Controls::drop) : controls_(controls) {}

    using Sink = std::function<void(ConsolePiece&&)>;
    void feed(std::string_view bytes, std::chrono::microseconds at, const Sink& sink);

    /// The piece that has not ended yet; its text is empty when the console is at a line's beginning.
    const ConsolePiece& unfinished() const noexcept { return piece_; }

private:
    void put(std::string_view text, const Sink& sink);
    void overwrite(std::string_view character);
    void control(char byte, const Sink& sink);
    void sequence(std::string_view sequence, const Sink& sink);
    void back(std::size_t characters);
    void finish(ConsolePiece::End end, const Sink& sink);
    void split_at_record(const Sink& sink);

    Controls controls_;
    EscapeParser parser_;
    std::chrono::microseconds now_{};
    ConsolePiece piece_;
    std::size_t cursor_ = 0;        ///< the byte of piece_.text that is written next
    bool elsewhere_ = false;        ///< the cursor left this line; what is written next stands elsewhere
    bool saved_elsewhere_ = false;  ///< the same of the saved cursor
};

}  // namespace lktest
