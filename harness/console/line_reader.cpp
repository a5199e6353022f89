// SPDX-License-Identifier: MIT
#include "harness/console/line_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <utility>

#include "builder/base/printable.hpp"
#include "harness/console/printk.hpp"

namespace lktest {
namespace {

/// No terminal row is longer, so backspace and cursor moves within a line go no further.
constexpr std::size_t widest_row = 256;

/// The first argument of a control sequence; `otherwise` if it has none.
std::size_t argument(std::string_view sequence, std::size_t otherwise) {
    std::size_t value = 0;
    const auto [end, error] = std::from_chars(sequence.data() + 2, sequence.data() + sequence.size(), value);
    return error == std::errc{} ? value : otherwise;
}

/// Whether painted text has content; frames and blanks do not.
bool says_something(std::string_view text) {
    while (!text.empty()) {
        const CodePoint point = first_code_point(text);
        const bool letter_or_digit =
            point.value < 0x80 ? std::isalnum(static_cast<int>(point.value)) != 0
                               : !(point.value >= 0x2500 && point.value < 0x25a0) && point.value != 0xfffd;
        if (letter_or_digit)
            return true;
        text.remove_prefix(point.size);
    }
    return false;
}

}  // namespace

LineReader::Place LineReader::named_by(std::string_view sequence) {
    Place place{argument(sequence, 1), 1};
    if (const std::size_t semicolon = sequence.find(';'); semicolon != std::string_view::npos)
        place.column = argument(sequence.substr(semicolon - 1), 1);
    return place;
}

void LineReader::feed(std::string_view bytes, std::chrono::microseconds at, const Sink& sink) {
    now_ = at;
    parser_.feed(bytes, [this, &sink](const Token& token) {
        switch (token.kind) {
            case Token::Kind::text: return put(token.text, sink);
            case Token::Kind::control: return control(token.text[0], sink);
            case Token::Kind::sequence: return sequence(token.text, sink);
        }
    });
}

void LineReader::finish(ConsolePiece::End end, const Sink& sink) {
    ConsolePiece piece = std::exchange(piece_, {});
    cursor_ = 0;
    elsewhere_ = false;
    piece.end = end;
    if (const auto prefix = piece.message > 0 ? find_printk_prefix(piece.text) : std::nullopt;
        prefix && prefix->begin == 0)
        piece.message = prefix->message;  // the caller may follow the stamp without a bracket
    if (end != ConsolePiece::End::painted || says_something(piece.text))
        sink(std::move(piece));
}

void LineReader::put(std::string_view text, const Sink& sink) {
    if (elsewhere_ && place_ && place_ == end_ && cursor_ == piece_.text.size())
        elsewhere_ = false;
    if (place_)
        place_->column += static_cast<std::size_t>(
            std::ranges::count_if(text, [](char byte) { return (byte & 0xc0) != 0x80; }));
    end_ = place_;
    while (!text.empty()) {
        if (elsewhere_ && !piece_.text.empty())
            finish(ConsolePiece::End::painted, sink);
        elsewhere_ = false;
        if (piece_.text.empty())
            piece_.at = now_;
        if (cursor_ < piece_.text.size()) {
            const std::size_t size = first_code_point(text).size;
            overwrite(text.substr(0, size));
            text.remove_prefix(size);
            continue;
        }
        // Up to a ']', which may end the prefix of a kernel record. The text may be a line without an end.
        const std::size_t room = std::max(longest_line - piece_.text.size(), first_code_point(text).size);
        const std::string_view fits = text.substr(0, room);
        const std::size_t bracket = fits.find(']');
        const std::size_t size = bracket == fits.npos ? fits.size() : bracket + 1;
        piece_.text += fits.substr(0, size);
        cursor_ = piece_.text.size();
        text.remove_prefix(size);
        if (piece_.text.back() == ']')
            split_at_record(sink);
        if (piece_.text.size() >= longest_line)
            finish(ConsolePiece::End::newline, sink);
    }
}

/// Handles a ']': if it ends a record's prefix, the record becomes a separate piece.
void LineReader::split_at_record(const Sink& sink) {
    constexpr std::size_t longest_prefix = 48;  // "<191>[4294967295.123456][ T4194304]"
    const std::size_t window = piece_.text.size() - std::min(piece_.text.size(), longest_prefix);
    const auto prefix = find_printk_prefix(std::string_view(piece_.text).substr(window));
    if (!prefix || window + prefix->message != piece_.text.size())
        return;
    const std::size_t begin = window + prefix->begin;
    if (begin > 0) {
        std::string record = piece_.text.substr(begin);
        piece_.text.resize(begin);
        finish(piece_.message > 0 ? ConsolePiece::End::newline : ConsolePiece::End::cut, sink);
        piece_.at = now_;
        piece_.text = std::move(record);
        cursor_ = piece_.text.size();
    }
    piece_.message = piece_.text.size();
}

void LineReader::overwrite(std::string_view character) {
    const std::size_t old = first_code_point(std::string_view(piece_.text).substr(cursor_)).size;
    piece_.text.replace(cursor_, old, character);
    cursor_ += character.size();
}

void LineReader::back(std::size_t characters) {
    const std::string& text = piece_.text;
    while (characters-- > 0 && cursor_ > 0 && text.size() - cursor_ < widest_row)
        do
            --cursor_;
        while (cursor_ > 0 && (text[cursor_] & 0xc0) == 0x80);
    if (cursor_ < piece_.message)
        piece_.message = 0;  // a kernel never does that
    // Programs erase a character with "\b \b".
    if (text.find_first_not_of(' ', cursor_) == text.npos)
        piece_.text.resize(cursor_);
}

void LineReader::control(char byte, const Sink& sink) {
    if (place_ && byte == '\r')
        place_->column = 1;
    else if (place_ && byte == '\n')
        ++place_->row;
    else
        place_.reset();
    switch (byte) {
        case '\n':
        case '\v':
        case '\f':
            if (piece_.text.empty())
                piece_.at = now_;
            return finish(ConsolePiece::End::newline, sink);
        case '\r': elsewhere_ = true; return;
        case '\t': return put("\t", sink);
        case '\b':
            if (!elsewhere_)
                back(1);
            return;
        default:
            if (controls_ == Controls::show)
                put(fmt::format("\\x{:02x}", static_cast<unsigned char>(byte)), sink);
    }
}

void LineReader::sequence(std::string_view sequence, const Sink& sink) {
    if (!sequence.starts_with("\x1b[")) {
        place_.reset();
        switch (sequence.back()) {
            case '7': saved_elsewhere_ = elsewhere_; return;
            case '8': elsewhere_ = saved_elsewhere_; return;
            case 'E': return control('\n', sink);
            case 'D':
            case 'M':
            case 'c': elsewhere_ = true; return;
            default: return;
        }
    }
    if (sequence.find_first_of("<=>?") != std::string_view::npos)
        return;  // private sequences set modes and do not move the cursor
    if (sequence.back() == 'H' || sequence.back() == 'f')
        place_ = named_by(sequence);
    else if (std::string_view("mJKhl").find(sequence.back()) == std::string_view::npos)
        place_.reset();
    switch (sequence.back()) {
        case 's': saved_elsewhere_ = elsewhere_; return;
        case 'u': elsewhere_ = saved_elsewhere_; return;
        case 'A':
        case 'B':
        case 'E':
        case 'F':
        case 'H':
        case 'd':
        case 'f': elsewhere_ = true; return;
        case 'G': elsewhere_ = elsewhere_ || argument(sequence, 1) <= 1; return;
        case 'C':
            if (!elsewhere_)
                put(std::string(std::min(argument(sequence, 1), widest_row), ' '), sink);
            return;
        case 'D':
            if (!elsewhere_)
                back(std::min(argument(sequence, 1), widest_row));
            return;
        case 'J':
            if (argument(sequence, 0) > 1)
                elsewhere_ = true;
            [[fallthrough]];
        case 'K':
            if (!elsewhere_ && argument(sequence, 0) == 0)
                piece_.text.resize(cursor_);
            return;
        default: return;
    }
}

}  // namespace lktest
