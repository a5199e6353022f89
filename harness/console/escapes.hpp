// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace lktest {

/// One piece of what a console said.
struct Token {
    enum class Kind {
        text,      ///< printable UTF-8, at least one code point; bytes that are none became U+FFFD
        control,   ///< one C0 control character or DEL; never NUL or ESC
        sequence,  ///< a whole escape or control sequence in its 7-bit form: "\x1b[2J", "\x1b(0"
    };
    Kind kind = Kind::text;
    std::string_view text;
};

/// Takes the bytes of a serial line apart into text and terminal sequences (ECMA-48),
/// however they are cut into chunks. C1 controls count only where they are no part of
/// valid UTF-8. Strings to the terminal (OSC, DCS …), NUL, and what is broken off of a
/// sequence (64 bytes at most) are dropped; a string that is not ended in its line or after
/// 4 KiB is text again, so it hides nothing. How text is cut into tokens says nothing.
///
/// A kernel record may cut a program's sequence or character in two at any byte; what was
/// cut is taken up again behind the record's newline.
class EscapeParser {
public:
    /// @param sink  is given each piece; the text is valid only during the call
    using Sink = std::function<void(const Token&)>;
    void feed(std::string_view bytes, const Sink& sink);

private:
    enum class State {
        text,    ///< bytes: of an unfinished UTF-8 character
        escape,  ///< bytes: the intermediate bytes behind ESC
        csi,     ///< bytes: what stands behind ESC [
        string,  ///< bytes: the string's content
        record,  ///< bytes: what may be the prefix of a kernel record, in the middle of `cut_`
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
    Unfinished cut_;          ///< what a kernel record cuts in two
    bool in_record_ = false;  ///< that record's line is not over yet
};

/// The text of `bytes` without sequences and without controls other than newline and tab.
std::string without_escapes(std::string_view bytes);

}  // namespace lktest
