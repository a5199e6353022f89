// SPDX-License-Identifier: MIT
#include "harness/boot/prompt_line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "builder/base/printable.hpp"

namespace lktest {
namespace {

constexpr std::size_t longest_command = 4096, most_history = 100, longest_escape = 8;

constexpr char ctrl(char letter) {
    return static_cast<char>(letter & 0x1f);
}

bool continues_character(char byte) {
    return (static_cast<unsigned char>(byte) & 0xc0) == 0x80;
}

}  // namespace

std::string PromptLine::open() {
    line_.clear();
    escape_.clear();
    cursor_ = 0;
    recalled_ = history_.size();
    return prompt_;
}

std::string PromptLine::redraw() const {
    const std::string_view shown = std::string_view(prompt_).substr(prompt_.rfind('\n') + 1);
    std::string text = fmt::format("\r{}{}\x1b[K", shown, line_);
    if (const std::size_t back = columns(std::string_view(line_).substr(cursor_)); back > 0)
        text += fmt::format("\x1b[{}D", back);
    return text;
}

PromptLine::Result PromptLine::put(char byte) {
    if (!escape_.empty()) {  // ESC [ 3 ~, or ESC O H
        escape_ += byte;
        const bool introduced = escape_.size() == 2 && (byte == '[' || byte == 'O');
        const bool continues = escape_.size() > 2 && ((byte >= '0' && byte <= '9') || byte == ';');
        if (introduced || (continues && escape_.size() < longest_escape))
            return {};
        key(std::exchange(escape_, {}).substr(1));
        return {redraw(), {}};
    }
    const bool at_end = cursor_ == line_.size();
    switch (byte) {
        case '\x1b': escape_ = byte; return {};
        case '\r':
        case '\n': {
            std::string line = std::exchange(line_, {});
            if (line.find_first_not_of(' ') != line.npos && (history_.empty() || history_.back() != line))
                history_.push_back(line);
            if (history_.size() > most_history)
                history_.erase(history_.begin());
            open();  // output may come, or a key, before the next prompt
            return {"\r\n", std::move(line)};
        }
        case '\x7f':
        case '\b': erase(before(cursor_), cursor_); break;
        case ctrl('A'): cursor_ = 0; break;
        case ctrl('B'): cursor_ = before(cursor_); break;
        case ctrl('C'): return {open(), {}};
        case ctrl('D'): erase(cursor_, after(cursor_)); break;
        case ctrl('E'): cursor_ = line_.size(); break;
        case ctrl('F'): cursor_ = after(cursor_); break;
        case ctrl('K'): erase(cursor_, line_.size()); break;
        case ctrl('N'): key("[B"); break;
        case ctrl('P'): key("[A"); break;
        case ctrl('U'): erase(0, cursor_); break;
        case ctrl('W'): erase(word_before(cursor_), cursor_); break;
        case '\t': complete(); break;
        default:
            if (static_cast<unsigned char>(byte) < ' ' || line_.size() >= longest_command)
                return {};
            insert(byte);
            if (at_end)  // so that a character of several bytes is never redrawn in part
                return {std::string(1, byte), {}};
            if (cursor_ < line_.size() && continues_character(line_[cursor_]))
                return {};
    }
    return {redraw(), {}};
}

void PromptLine::insert(char byte) {
    line_.insert(cursor_++, 1, byte);
}

void PromptLine::erase(std::size_t from, std::size_t to) {
    line_.erase(from, to - from);
    cursor_ = from;
}

/// Shows an earlier line; the one after the last is the line that was being written.
void PromptLine::recall(std::size_t index) {
    if (recalled_ == history_.size())
        unsent_ = line_;
    recalled_ = index;
    line_ = index == history_.size() ? unsent_ : history_[index];
    cursor_ = line_.size();
}

/// As far as all words that fit agree.
void PromptLine::complete() {
    const std::string_view begun = std::string_view(line_).substr(0, cursor_);
    if (begun.find(' ') != begun.npos)
        return;
    std::optional<std::string> common;
    std::size_t fitting = 0;
    for (const std::string& word : words_) {
        if (!word.starts_with(begun))
            continue;
        ++fitting;
        if (!common)
            common = word;
        const auto end = std::mismatch(common->begin(), common->end(), word.begin(), word.end()).first;
        common->erase(end, common->end());
    }
    if (!common)
        return;
    std::string more = common->substr(cursor_);
    if (fitting == 1 && cursor_ == line_.size())
        more += ' ';
    line_.insert(cursor_, more);
    cursor_ += more.size();
}

void PromptLine::key(std::string_view sequence) {
    if (sequence == "[A" || sequence == "OA") {
        if (recalled_ > 0)
            recall(recalled_ - 1);
    } else if (sequence == "[B" || sequence == "OB") {
        if (recalled_ < history_.size())
            recall(recalled_ + 1);
    } else if (sequence == "[C" || sequence == "OC") {
        cursor_ = after(cursor_);
    } else if (sequence == "[D" || sequence == "OD") {
        cursor_ = before(cursor_);
    } else if (sequence == "[H" || sequence == "OH" || sequence == "[1~" || sequence == "[7~") {
        cursor_ = 0;
    } else if (sequence == "[F" || sequence == "OF" || sequence == "[4~" || sequence == "[8~") {
        cursor_ = line_.size();
    } else if (sequence == "[3~") {
        erase(cursor_, after(cursor_));
    }
}

std::size_t PromptLine::before(std::size_t at) const {
    while (at > 0 && continues_character(line_[at - 1]))
        --at;
    return at > 0 ? at - 1 : 0;
}

std::size_t PromptLine::after(std::size_t at) const {
    at = std::min(at + 1, line_.size());
    while (at < line_.size() && continues_character(line_[at]))
        ++at;
    return at;
}

std::size_t PromptLine::word_before(std::size_t at) const {
    while (at > 0 && line_[at - 1] == ' ')
        --at;
    while (at > 0 && line_[at - 1] != ' ')
        --at;
    return at;
}

}  // namespace lktest
