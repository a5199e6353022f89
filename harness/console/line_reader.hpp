// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "harness/console/escapes.hpp"

namespace lktest {

/// A piece of console text on one line.
struct ConsolePiece {
    enum class End {
        newline,  ///< a newline, or the line exceeded the maximum length
        painted,  ///< the cursor went elsewhere: painted text never ends in a newline
        cut,      ///< the kernel wrote a record after it; the line continues after the record
    };
    std::chrono::microseconds at{};  ///< when its first byte came, since power-on
    std::string text;                ///< UTF-8 without sequences; the only control character is the tab
    std::size_t message = 0;         ///< for a kernel record, the offset after its prefix; else 0
    End end = End::newline;
};

/// Splits console bytes into lines as a terminal would show them. Backspace moves back. Text after a carriage
/// return or a cursor move becomes a separate line, so that nothing is overwritten before it was seen. A move
/// to where the cursor already is changes nothing: GRUB's terminal sends some in the middle of a line. A
/// kernel record that starts mid-line starts a separate piece. Painted pieces without a letter or digit
/// (frames, blanks) are dropped.
class LineReader {
public:
    static constexpr std::size_t longest_line = 65'536;

    enum class Controls { drop, show };
    /// @param controls  whether to drop control characters or show them as "\x07"
    explicit LineReader(Controls controls = Controls::drop) : controls_(controls) {}

    using Sink = std::function<void(ConsolePiece&&)>;
    void feed(std::string_view bytes, std::chrono::microseconds at, const Sink& sink);

    /// The piece that has not ended yet; its text is empty at the start of a line.
    const ConsolePiece& unfinished() const noexcept { return piece_; }

private:
    void put(std::string_view text, const Sink& sink);
    void overwrite(std::string_view character);
    void control(char byte, const Sink& sink);
    void sequence(std::string_view sequence, const Sink& sink);
    void back(std::size_t characters);
    void finish(ConsolePiece::End end, const Sink& sink);
    void split_at_record(const Sink& sink);

    /// A place on the terminal. Both count from 1.
    struct Place {
        std::size_t row = 0, column = 0;
        bool operator==(const Place&) const = default;
    };
    /// The place that a cursor position sequence names (ECMA-48, 8.3.21 CUP).
    static Place named_by(std::string_view sequence);

    Controls controls_;
    EscapeParser parser_;
    std::chrono::microseconds now_{};
    ConsolePiece piece_;
    std::size_t cursor_ = 0;        ///< offset in piece_.text of the next byte
    bool elsewhere_ = false;        ///< the cursor left this line; later text is elsewhere on the screen
    bool saved_elsewhere_ = false;  ///< the same for the saved cursor
    std::optional<Place> place_;    ///< of the cursor, as long as it is known
    std::optional<Place> end_;      ///< just after the last byte of the piece
};

}  // namespace lktest
