// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace lktest {

/// One piece of console output.
struct Token {
    enum class Kind {
        text,      ///< printable UTF-8, at least one code point; invalid bytes became U+FFFD
        control,   ///< one C0 control character or DEL; never NUL or ESC
        sequence,  ///< a whole escape or control sequence in its 7-bit form: "\x1b[2J", "\x1b(0"
    };
    Kind kind = Kind::text;
    std::string_view text;
};

/// Splits the bytes of a serial line into text and terminal sequences (ECMA-48), however they are divided
/// into chunks. C1 controls count only outside valid UTF-8. Strings to the terminal (OSC, DCS …), NUL, and
/// broken sequences (up to 64 bytes) are dropped. A string that does not end in its line or within 4 KiB
/// becomes text again, so it cannot hide anything. The division of text into tokens has no meaning.
///
/// A kernel record may cut a program's sequence or character in two at any byte. The cut piece continues
/// after the record's newline.
class EscapeParser {
public:
    /// @param sink  receives each piece; the text is valid only during the call
    using Sink = std::function<void(const Token&)>;
    void feed(std::string_view bytes, const Sink& sink);

private:
    enum class State {
        text,    ///< bytes: an unfinished UTF-8 character
        escape,  ///< bytes: the intermediate bytes after ESC
        csi,     ///< bytes: those after ESC [
        string,  ///< bytes: the string's content
        record,  ///< bytes: possibly the prefix of a kernel record, in the middle of `cut_`
    };
    struct Unfinished {
        State state = State::text;
        std::string bytes;
    };

    void take(char byte, const Sink& sink);
    void take_text(char byte, const Sink& sink);
    void take_escape(char byte, const Sink& sink);
    void take_csi(char byte, const Sink& sink);
    void take_string(char byte, const Sink& sink);
    void take_record(char byte, const Sink& sink);
    void take_control(char byte, const Sink& sink);
    void abort(char byte, const Sink& sink);
    void suspect_record(Unfinished cut, std::string_view begun, const Sink& sink);
    void drop(const Unfinished& broken, const Sink& sink);

    Unfinished now_;
    Unfinished cut_;          ///< cut in two by a kernel record
    bool in_record_ = false;  ///< that record's line is not over yet
};

/// The text of `bytes` without sequences and without controls other than newline and tab.
std::string without_escapes(std::string_view bytes);

}  // namespace lktest
