// SPDX-License-Identifier: MIT
#include "harness/console/escapes.hpp"

#include <algorithm>
#include <utility>

#include "builder/base/printable.hpp"
#include "harness/console/printk.hpp"

namespace lktest {
namespace {

constexpr char escape = '\x1b';
constexpr char bell = '\a';
constexpr char string_terminator = '\x9c';  // ST as a C1 control
constexpr char cancel = '\x18';             // CAN and SUB abort a sequence
constexpr char substitute = '\x1a';
constexpr std::size_t longest_sequence = 64;
constexpr std::size_t longest_string = 4096;
constexpr std::size_t longest_time = 20;  // "[4294967295.123456"
constexpr std::string_view replacement = "\xef\xbf\xbd";

bool is_printable_ascii(char c) {
    return c >= ' ' && c <= '~';
}

bool is_between(char c, char first, char last) {
    return c >= first && c <= last;
}

/// ECMA-48 5.4: parameter bytes, then intermediate bytes, then one final byte.
bool is_parameter(char c) {
    return is_between(c, 0x30, 0x3f);
}
bool is_intermediate(char c) {
    return is_between(c, 0x20, 0x2f);
}
bool is_final(char c) {
    return is_between(c, 0x40, 0x7e);
}

/// The byte after ESC that introduces a string: DCS, SOS, OSC, PM, APC.
bool introduces_string(char c) {
    return std::string_view("PX]^_").find(c) != std::string_view::npos;
}

bool is_continuation(char c) {
    return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

/// The length of the UTF-8 sequence that starts with this byte; 0 if none does.
std::size_t character_size(char first) {
    const auto lead = static_cast<unsigned char>(first);
    if (lead < 0xc2 || lead > 0xf4)
        return 0;
    return lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
}

/// Emits text and controls, and U+FFFD for each byte that is not UTF-8; does not look for sequences.
void emit_plain(std::string_view bytes, const EscapeParser::Sink& sink) {
    while (!bytes.empty()) {
        const CodePoint point = first_code_point(bytes);
        const bool control = point.value < 0x20 || point.value == 0x7f;
        sink({control ? Token::Kind::control : Token::Kind::text,
              point.valid ? bytes.substr(0, point.size) : replacement});
        bytes.remove_prefix(point.size);
    }
}

}  // namespace

void EscapeParser::feed(std::string_view bytes, const Sink& sink) {
    while (!bytes.empty()) {
        // Most console output is runs of plain text.
        std::size_t run = 0;
        if (now_.state == State::text && now_.bytes.empty())
            while (run < bytes.size() && is_printable_ascii(bytes[run]))
                ++run;
        if (run > 0)
            sink({Token::Kind::text, bytes.substr(0, run)});
        else if (bytes.front() != '\0')
            take(bytes.front(), sink);
        bytes.remove_prefix(std::max<std::size_t>(run, 1));
    }
}

void EscapeParser::take(char byte, const Sink& sink) {
    switch (now_.state) {
        case State::text: return take_text(byte, sink);
        case State::escape: return take_escape(byte, sink);
        case State::csi: return take_csi(byte, sink);
        case State::string: return take_string(byte, sink);
        case State::record: return take_record(byte, sink);
    }
}

void EscapeParser::take_text(char byte, const Sink& sink) {
    if (!now_.bytes.empty()) {
        if (byte == '[')
            return suspect_record(std::exchange(now_, {}), "[", sink);
        if (!is_continuation(byte)) {
            drop(std::exchange(now_, {}), sink);
            return take_text(byte, sink);
        }
        now_.bytes += byte;
        if (now_.bytes.size() < character_size(now_.bytes[0]))
            return;
        const std::string character = std::exchange(now_, {}).bytes;
        return emit_plain(character, sink);
    }
    const auto value = static_cast<unsigned char>(byte);
    if (byte == escape) {
        now_.state = State::escape;
    } else if (value < 0x20 || value == 0x7f) {
        take_control(byte, sink);
    } else if (character_size(byte) > 0) {
        now_.bytes = byte;
    } else if (value >= 0x80 && value < 0xa0) {
        // A C1 control equals ESC and the byte 0x40 below it (ECMA-48 5.3 b).
        now_.state = State::escape;
        take_escape(static_cast<char>(value - 0x40), sink);
    } else {
        emit_plain({&byte, 1}, sink);
    }
}

void EscapeParser::take_escape(char byte, const Sink& sink) {
    if (byte == '[') {
        if (now_.bytes.empty())
            now_.state = State::csi;
        else
            suspect_record(std::exchange(now_, {}), "[", sink);
    } else if (now_.bytes.empty() && introduces_string(byte)) {
        now_.state = State::string;
    } else if (is_intermediate(byte) && now_.bytes.size() < longest_sequence) {
        now_.bytes += byte;
    } else if (is_between(byte, 0x30, 0x7e)) {
        const std::string whole = escape + std::exchange(now_, {}).bytes + byte;
        sink({Token::Kind::sequence, whole});
    } else {
        abort(byte, sink);
    }
}

void EscapeParser::take_csi(char byte, const Sink& sink) {
    const bool intermediate_seen = !now_.bytes.empty() && is_intermediate(now_.bytes.back());
    if (byte == '[') {
        suspect_record(std::exchange(now_, {}), "[", sink);
    } else if (is_parameter(byte) && intermediate_seen) {
        // "ESC [    2" is not a sequence, so this is "[    2.948528]" after a lone ESC.
        suspect_record({State::escape, {}}, '[' + std::exchange(now_, {}).bytes, sink);
        take(byte, sink);
    } else if ((is_parameter(byte) || is_intermediate(byte)) && now_.bytes.size() < longest_sequence) {
        now_.bytes += byte;
    } else if (is_final(byte)) {
        const std::string whole = "\x1b[" + std::exchange(now_, {}).bytes + byte;
        sink({Token::Kind::sequence, whole});
    } else {
        abort(byte, sink);
    }
}

/// Ends a sequence at a byte that it cannot contain. The byte itself is processed next, except CAN and SUB,
/// whose purpose this is.
void EscapeParser::abort(char byte, const Sink& sink) {
    drop(std::exchange(now_, {}), sink);
    if (byte != cancel && byte != substitute)
        take(byte, sink);
}

void EscapeParser::take_string(char byte, const Sink& sink) {
    std::string& content = now_.bytes;
    const char last = content.empty() ? '\0' : content.back();
    const bool ends = byte == bell || byte == cancel || byte == substitute ||
                      (byte == '\\' && last == escape) ||
                      (byte == string_terminator && is_between(last, 0, '~'));
    if (ends) {
        now_ = {};
    } else if (last == escape) {
        now_ = {State::escape, {}};
        take_escape(byte, sink);
    } else if (byte != '\n' && content.size() < longest_string) {
        content += byte;
    } else {
        std::string text = std::exchange(now_, {}).bytes;
        const auto prefix = find_printk_prefix(text);
        if (byte == '\n' && prefix && !in_record_) {
            cut_ = {State::string, text.substr(0, prefix->begin)};
            in_record_ = true;
            text.erase(0, prefix->begin);
        }
        emit_plain(text, sink);
        take(byte, sink);
    }
}

/// A kernel record seems to cut `cut` in two; `begun` is the part of the record read so far.
void EscapeParser::suspect_record(Unfinished cut, std::string_view begun, const Sink& sink) {
    if (in_record_) {
        // A record cannot start inside a record, so this is the record's own text.
        drop(cut, sink);
        return emit_plain(begun, sink);
    }
    cut_ = std::move(cut);
    now_ = {State::record, std::string(begun)};
}

void EscapeParser::take_record(char byte, const Sink& sink) {
    std::string& begun = now_.bytes;
    if (std::string_view(" .0123456789").find(byte) != std::string_view::npos &&
        begun.size() < longest_time) {
        begun += byte;
        return;
    }
    const auto prefix = byte == ']' ? find_printk_prefix(begun + byte) : std::nullopt;
    in_record_ = prefix && prefix->begin == 0;
    if (!in_record_)
        drop(std::exchange(cut_, {}), sink);
    const std::string text = std::exchange(now_, {}).bytes;
    emit_plain(text, sink);
    take(byte, sink);
}

void EscapeParser::take_control(char byte, const Sink& sink) {
    sink({Token::Kind::control, {&byte, 1}});
    if (byte == '\n' && std::exchange(in_record_, false))
        now_ = std::exchange(cut_, {});
}

/// Emits the bytes of an unfinished character as invalid UTF-8; drops an unfinished sequence.
void EscapeParser::drop(const Unfinished& broken, const Sink& sink) {
    if (broken.state == State::text)
        emit_plain(broken.bytes, sink);
}

std::string without_escapes(std::string_view bytes) {
    std::string text;
    EscapeParser parser;
    parser.feed(bytes, [&text](const Token& token) {
        if (token.kind == Token::Kind::text || token.text == "\n" || token.text == "\t")
            text += token.text;
    });
    return text;
}

}  // namespace lktest
