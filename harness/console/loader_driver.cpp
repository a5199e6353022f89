// SPDX-License-Identifier: MIT
#include "harness/console/loader_driver.hpp"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <span>
#include <utility>

#include "harness/console/escapes.hpp"

namespace lktest {
namespace {

using std::chrono::microseconds;

// GRUB's editor and ISOLINUX's menu both accept Emacs's keys. Terminals send these as single bytes, so none
// can be cut or mistaken for a lone Escape.
constexpr char first = '\x01', last = '\x05', down = '\x0e', up = '\x10', boot = '\x18', tab = '\t';

// A key that no loader uses. Like any key, it stops the countdown, which would otherwise expire before lktest
// can react on a busy machine.
constexpr char unknown_key = '\x0b';

// systemd-boot does not accept such keys from a terminal. It has cursor keys, which move by words in its
// editor.
constexpr std::string_view cursor_up = "\x1b[A", cursor_down = "\x1b[B";

/// The content of a row inside the frame that loaders draw around menus and editors.
std::string_view inside(std::string_view row) {
    // The screen shows '?' for bytes that are not UTF-8, such as firmware's frames.
    const auto is_frame = [](unsigned char c) { return c == ' ' || c == '|' || c == '?' || c >= 0x80; };
    const auto text = std::ranges::find_if_not(row, is_frame);
    row.remove_prefix(static_cast<std::size_t>(text - row.begin()));
    return row;
}

bool any_shows(const std::vector<std::string>& rows, std::string_view text) {
    return std::ranges::any_of(rows, [text](const std::string& row) { return shows(row, text); });
}

/// How often a text's first character repeats at its start.
std::size_t run_length(std::string_view text) {
    return std::min(text.find_first_not_of(text.front()), text.size());
}

/// Whether a row begins with `text`, compared as in shows().
bool begins(std::string_view row, std::string_view text) {
    while (!text.empty()) {
        const char c = text.front();
        const std::size_t wanted = run_length(text);
        const std::size_t there = !row.empty() && row.front() == c ? run_length(row) : 0;
        if (c != ' ' && (there < wanted || there > 2 * wanted))
            return false;
        text.remove_prefix(wanted);
        row.remove_prefix(there);
    }
    return true;
}

/// Not the kernel's "reboot: machine restart", which may arrive after the machine has been reset.
bool is_prompt(std::string_view row) {
    return begins(row, "boot:") && row.find_first_not_of("bot: ") == row.npos;
}

/// Painting a submenu over its parent menu takes time on an emulated machine.
constexpr microseconds submenu_patience = std::chrono::seconds(3);

std::string repeated(char key, std::size_t times) {
    return std::string(times, key);
}

std::string repeated(std::string_view key, std::size_t times) {
    std::string keys;
    for (; times > 0; --times)
        keys += key;
    return keys;
}

/// The end of the first key in a sequence of several that a terminal sends.
std::size_t first_key(std::string_view keys) {
    return keys.starts_with(cursor_up) || keys.starts_with(cursor_down) ? cursor_up.size() : 1;
}

bool is_systemd_countdown(const std::string& row) {
    static const re2::RE2 countdown(R"(Boot in \d+ s\. *$)");
    return re2::RE2::PartialMatch(row, countdown);
}

/// The entries of systemd-boot's menu. It has no title; the entries are above its countdown, or end with one
/// that it adds itself. Empty if this is not its menu.
std::span<const std::string> systemd_entries(const std::vector<std::string>& rows) {
    const auto foot = std::ranges::find_if(rows, is_systemd_countdown);
    auto end = foot;
    if (foot == rows.end()) {
        const auto own = std::ranges::find_if(
            rows, [](const std::string& row) { return begins(inside(row), "Reboot Into Firmware"); });
        if (own == rows.end())
            return {};
        end = own + 1;
    }
    const auto blank = [](const std::string& row) {
        return inside(row).empty();
    };  // a rule counts as blank, too
    while (end != rows.begin() && blank(*(end - 1)))
        --end;
    auto begin = end;
    while (begin != rows.begin() && !blank(*(begin - 1)))
        --begin;
    return {begin, end};
}

}  // namespace

bool counts_down(const std::vector<std::string>& rows) {
    return any_shows(rows, "executed automatically in") || any_shows(rows, "Automatic boot in") ||
           std::ranges::any_of(rows, is_systemd_countdown);
}

bool shows(std::string_view row, std::string_view text) {
    for (std::size_t at = 0; at < row.size(); ++at)
        if (begins(row.substr(at), text))
            return true;
    return false;
}

LoaderDriver::LoaderDriver(const BootLine& line, double scale)
    : line_(line),
      still_(std::chrono::milliseconds(scale > 1 ? 400 : 150)),
      answer_(std::chrono::duration_cast<microseconds>(std::chrono::seconds(2) * scale)) {}

void LoaderDriver::restart() {
    begin(State::waiting, {});
    answered_.clear();
    pressed_.reset();
    lacking_.reset();
    halted_ = false;
    problem_.clear();  // of a boot that was not meant to be driven, such as one from another disk
}

void LoaderDriver::begin(State state, std::string keys) {
    state_ = state;
    keys_ = std::move(keys);
}

void LoaderDriver::fail(std::string why) {
    if (problem_.empty())
        problem_ = std::move(why);
}

void LoaderDriver::said(std::string_view bytes, microseconds at) {
    last_byte_ = at;
    if (state_ != State::left && state_ != State::confirmed && answered_.size() < 65'536)
        answered_ += bytes;
}

void LoaderDriver::said(const ConsoleLine& line) {
    if (!line.kernel() || state_ == State::confirmed)
        return;
    const std::string_view text = line.said();
    if (!left() && text.starts_with("Linux version "))
        return fail("the kernel was started before the loader's menu was seen");
    const std::size_t mark = text.find("ommand line: ");
    if (mark == text.npos)
        return;
    if (text.find(line_.append) == text.npos)
        return fail(fmt::format("the kernel was started without '{}'; its command line is: {}", line_.append,
                                text.substr(mark + 13)));
    state_ = State::confirmed;
}

/// Whether the menu lacks the entry. It may still be the parent menu of a submenu that is opening.
bool LoaderDriver::lacks_entry(bool there, microseconds now) {
    if (line_.entry.empty() || there)
        return false;
    if (!lacking_)
        lacking_ = now;
    else if (now >= *lacking_ + submenu_patience)
        fail(fmt::format("the loader's menu has no entry '{}'", line_.entry));
    return true;
}

/// Recognizes the menu and starts moving to the entry.
void LoaderDriver::meet_menu(const std::vector<std::string>& rows, microseconds now) {
    const auto is_entry = [this](const std::string& row) {
        std::string_view text = inside(row);
        while (text.starts_with('*') || text.starts_with(' '))
            text.remove_prefix(1);
        return begins(text, line_.entry);
    };
    const auto wanted = line_.entry.empty() ? rows.end() : std::ranges::find_if(rows, is_entry);
    const bool there = wanted != rows.end();
    if (any_shows(rows, "edit the commands")) {
        loader_ = Loader::grub;
        if (lacks_entry(there, now))
            return;
        std::string keys;
        if (there) {
            const auto chosen = std::ranges::find_if(
                rows, [](const std::string& row) { return inside(row).starts_with('*'); });
            if (chosen == rows.end())
                return;
            keys = wanted < chosen ? repeated(up, static_cast<std::size_t>(chosen - wanted))
                                   : repeated(down, static_cast<std::size_t>(wanted - chosen));
        }
        if (line_.append.empty())
            begin(State::typing, keys + "\r");
        else
            begin(State::choosing, keys + "e");
        return;
    }
    // The default is "Press [Tab] to edit options"; Debian's installer has "TAB to edit a menu entry".
    static const re2::RE2 edits_by_tab(R"((?i)\btab\b\]? to edit)");
    if (std::ranges::any_of(
            rows, [](const std::string& row) { return re2::RE2::PartialMatch(row, edits_by_tab); })) {
        loader_ = Loader::menu;
        if (lacks_entry(there, now))
            return;
        std::string keys;
        if (there) {
            // Only colours show which entry is selected, so entries are counted from the first one, below the
            // rule under the menu's title.
            const auto rule = std::find_if(rows.begin(), wanted, [](const std::string& row) {
                return row.find("\xe2\x94\x9c") != row.npos || row.find("+--") != row.npos;
            });
            keys = first + repeated(down, rule < wanted ? static_cast<std::size_t>(wanted - rule) - 1 : 0);
        }
        begin(State::choosing, line_.append.empty() ? keys + "\r" : keys + tab);
        if (line_.append.empty())
            state_ = State::typing;
        return;
    }
    if (meet_systemd_boot(rows, now))
        return;
    if (!rows.empty() && is_prompt(inside(rows.back()))) {
        loader_ = Loader::prompt;
        const std::string label = line_.entry.empty() ? "linux" : line_.entry;
        begin(State::typing, label + (line_.append.empty() ? "" : " " + line_.append) + "\r");
    }
}

bool LoaderDriver::meet_systemd_boot(const std::vector<std::string>& rows, microseconds now) {
    const auto entries = systemd_entries(rows);
    if (entries.empty())
        return false;
    loader_ = Loader::systemd;
    const auto wanted =
        line_.entry.empty() ? entries.end() : std::ranges::find_if(entries, [this](const std::string& row) {
            return begins(inside(row), line_.entry);
        });
    if (lacks_entry(wanted != entries.end(), now))
        return true;
    std::string keys;
    if (wanted != entries.end())  // only colours show which one is selected, so count from the first
        keys = repeated(cursor_up, entries.size()) +
               repeated(cursor_down, static_cast<std::size_t>(wanted - entries.begin()));
    const bool edits = !line_.append.empty();
    begin(edits ? State::choosing : State::typing, keys + (edits ? "e" : "\r"));
    return true;
}

/// systemd-boot's editor is one row, the last, and shows a part of a long line. Moves by words until the row
/// stops changing.
void LoaderDriver::go_on_in_line(const std::vector<std::string>& rows) {
    const std::string shown = rows.empty() ? std::string() : rows.back();
    if (state_ == State::moving && shown == edited_)
        return begin(State::typing, " " + line_.append + "\r");
    edited_ = shown;
    last_key_ = 0;  // the key that opened the editor is not echoed
    const auto words = static_cast<std::size_t>(std::ranges::count(shown, ' ')) + 1;
    begin(State::moving, repeated(cursor_down, words));
}

/// Recognizes GRUB's editor and starts moving to the end of the kernel's line.
void LoaderDriver::meet_editor(const std::vector<std::string>& rows) {
    const auto is_kernel = [](const std::string& row) { return begins(inside(row), "linux"); };
    if (!any_shows(rows, "Ctrl-x"))
        return;
    const auto begin_row =
        std::ranges::find_if(rows, [](const std::string& row) { return begins(inside(row), "setparams"); });
    const auto kernel = std::ranges::find_if(rows, is_kernel);
    if (begin_row == rows.end() || kernel == rows.end() || kernel < begin_row)
        return;
    std::size_t lines = 0;
    for (auto row = begin_row; row != kernel; ++row)
        if (row->find('\\') == row->npos)  // the line does not continue in the next row
            ++lines;
    begin(State::moving, repeated(down, lines) + last);
}

/// The next key, once the previous one was answered. A letter is answered by its echo. A cursor key is
/// answered by any output, or by silence if the cursor could not move.
std::string LoaderDriver::next_key(microseconds now) {
    if (pressed_ && last_key_ >= ' ') {
        // Terminal sequences contain letters, too: "\x1b[?25h" is not an echo of an h.
        if (without_escapes(answered_).find(last_key_) == answered_.npos) {
            if (now >= *pressed_ + answer_)
                fail(fmt::format("the loader did not show '{}' when it was typed", last_key_));
            return {};
        }
    } else if (pressed_ && now < (answered_.empty() ? *pressed_ + still_ * 2 : last_byte_ + still_ / 2)) {
        return {};
    }
    std::string key = keys_.substr(0, first_key(keys_));
    last_key_ = key.front();
    keys_.erase(0, key.size());
    answered_.clear();
    pressed_ = now;
    if (keys_.empty() && state_ == State::typing)
        state_ = State::left;
    return key;
}

std::string LoaderDriver::type(const std::vector<std::string>& rows, microseconds now) {
    if (left() || !problem_.empty())
        return {};
    if (state_ == State::waiting && !halted_ && counts_down(rows)) {
        halted_ = true;
        return std::string(1, unknown_key);
    }
    const bool still = now >= last_byte_ + still_;
    while (keys_.empty() && problem_.empty()) {
        const State before = state_;
        if (still)
            look(rows, now);
        if (state_ == before)
            break;
    }
    if (state_ == State::editor && now >= *pressed_ + answer_ * 3)
        fail("GRUB's editor shows no line that begins with 'linux'");
    return keys_.empty() || !problem_.empty() ? std::string() : next_key(now);
}

/// Decides what comes next once the screen is stable and all keys have been pressed.
void LoaderDriver::look(const std::vector<std::string>& rows, microseconds now) {
    const bool answered = !answered_.empty() || (pressed_ && now >= *pressed_ + answer_);
    if (state_ == State::waiting)
        meet_menu(rows, now);
    else if (state_ == State::choosing && loader_ == Loader::grub)
        state_ = State::editor;
    else if (loader_ == Loader::systemd && answered && (state_ == State::choosing || state_ == State::moving))
        go_on_in_line(rows);
    else if (state_ == State::choosing && answered)
        begin(State::typing, " " + line_.append + "\r");
    else if (state_ == State::editor)
        meet_editor(rows);
    else if (state_ == State::moving && loader_ == Loader::grub)
        begin(State::typing, " " + line_.append + boot);
}

std::optional<microseconds> LoaderDriver::types_at(microseconds now) const {
    if (left() || !problem_.empty())
        return std::nullopt;
    std::optional<microseconds> next;
    const auto consider = [&](microseconds at) {
        if (at > now)
            next = next ? std::min(*next, at) : at;
    };
    if (lacking_)
        consider(*lacking_ + submenu_patience);
    consider(last_byte_ + still_ / 2);
    consider(last_byte_ + still_);
    if (pressed_) {
        consider(*pressed_ + still_ * 2);
        consider(*pressed_ + answer_);
        consider(*pressed_ + answer_ * 3);
    }
    return next;
}

}  // namespace lktest
