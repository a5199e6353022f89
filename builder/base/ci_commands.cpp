// SPDX-License-Identifier: MIT
#include "builder/base/ci_commands.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

namespace lktest {
namespace {

constexpr std::array<std::string_view, 2> section_marks{"section_start", "section_end"};
constexpr char escape_character = '\x1b';

bool ends_line(char c) {
    return c == '\n' || c == '\r';
}

bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\v' || c == '\f';
}

/// Control characters, and every byte of a character beyond ASCII.
bool may_be_skipped(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte >= 0x7f;
}

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool begins_section_mark(std::string_view text) {
    return std::ranges::any_of(section_marks,
                               [text](std::string_view mark) { return mark.starts_with(text); });
}

}  // namespace

/// Whether a command would be complete with this character.
bool CommandFilter::completes_command(char c) {
    if (c == ':')
        return (line_is_blank_ && colon_) ||
               std::ranges::find(section_marks, section_) != section_marks.end();
    // A colour between "##" and "[" also begins with "[", so the break comes before it.
    return hashes_ == 2 && (c == '[' || c == escape_character);
}

/// A character that runners may not see.
void CommandFilter::skip(char c) {
    if (c == escape_character)
        escape_ = Escape::begun;
    if (ends_line(c) || is_space(c)) {
        hashes_ = 0;
        section_.clear();
    }
    if (ends_line(c)) {
        line_is_blank_ = true;
        colon_ = false;
    }
}

void CommandFilter::note_for_section(char c) {
    section_ += c;
    while (!section_.empty() && !begins_section_mark(section_))
        section_.erase(0, 1);
}

void CommandFilter::see(char c) {
    if (c == '#')
        hashes_ = std::min<std::size_t>(hashes_ + 1, 2);
    else if (hashes_ == 1 || !is_letter(c))
        hashes_ = 0;
    note_for_section(c);
    line_is_blank_ = line_is_blank_ && c == ':' && !colon_;
    colon_ = line_is_blank_;
}

/// Whether the character belongs to a control sequence of a terminal (ECMA-48: parameters, one final letter).
bool CommandFilter::continues_sequence(char c) {
    if (escape_ == Escape::begun)
        escape_ = c == '[' ? Escape::sequence : Escape::none;
    else if (escape_ == Escape::sequence && is_letter(c)) {
        escape_ = Escape::none;
        note_for_section(c);  // GitLab does not allow colours before its marks
        return true;
    } else if (escape_ == Escape::sequence && (c < '0' || c > '?'))
        escape_ = Escape::none;
    return escape_ == Escape::sequence;
}

std::string CommandFilter::pass(std::string_view piece) {
    std::string out;
    out.reserve(piece.size());
    for (const char c : piece) {
        if (continues_sequence(c)) {
            out += c;
            continue;
        }
        if (completes_command(c)) {
            hashes_ = 0;
            section_.clear();
            line_is_blank_ = colon_ = false;
            if (how_ == Break::with_escape && c != escape_character) {
                fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
                continue;
            }
            out += ' ';
        }
        if (may_be_skipped(c) || is_space(c))
            skip(c);
        else
            see(c);
        out += c;
    }
    return out;
}

std::string without_commands(std::string_view text) {
    return CommandFilter().pass(text);
}

std::string json_without_commands(std::string_view json) {
    return CommandFilter(CommandFilter::Break::with_escape).pass(json);
}

}  // namespace lktest
