// SPDX-License-Identifier: MIT
#include "harness/console/saved_log.hpp"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "builder/base/re2_text.hpp"
#include "builder/inspect/byte_view.hpp"
#include "firmware/kind.hpp"
#include "harness/console/log_lines.hpp"
#include "harness/console/log_prefix.hpp"
#include "harness/console/printk.hpp"
#include "harness/console/transcript.hpp"
#include "harness/console/wrapped_lines.hpp"

namespace lktest {
namespace {

using Writer = SavedLine::Writer;
using std::chrono::microseconds;

/// The number of lines that show a log's habits.
constexpr std::size_t habit_lines = 20'000;

/// What people's editors and pages make of plain characters: curly quotes, no-break blanks, HTML.
std::optional<std::string> with_plain_characters(std::string_view line) {
    // The first bytes of all of them. A line without an end was not pasted, and is not copied.
    constexpr std::string_view leads = "&\xc2\xe2";
    if (line.size() > LineReader::longest_line || line.find_first_of(leads) == line.npos)
        return std::nullopt;
    constexpr std::array<std::pair<std::string_view, char>, 14> plain{{{"\xc2\xa0", ' '},
                                                                       {"\xc2\xb4", '\''},
                                                                       {"\xe2\x80\x98", '\''},
                                                                       {"\xe2\x80\x99", '\''},
                                                                       {"\xe2\x80\x9c", '"'},
                                                                       {"\xe2\x80\x9d", '"'},
                                                                       {"\xe2\x80\xaf", ' '},
                                                                       {"&lt;", '<'},
                                                                       {"&gt;", '>'},
                                                                       {"&amp;", '&'},
                                                                       {"&quot;", '"'},
                                                                       {"&#39;", '\''},
                                                                       {"&apos;", '\''},
                                                                       {"&nbsp;", ' '}}};
    std::string text;
    text.reserve(line.size());
    while (!line.empty()) {
        const std::size_t run = std::min(line.find_first_of(leads), line.size());
        text += line.substr(0, run);
        line.remove_prefix(run);
        if (line.empty())
            break;
        const auto found =
            std::ranges::find_if(plain, [line](const auto& entry) { return line.starts_with(entry.first); });
        text += found == plain.end() ? line.front() : found->second;
        line.remove_prefix(found == plain.end() ? 1 : found->first.size());
    }
    return text;
}

/// The text after a printk prefix at the very beginning of the line.
std::optional<std::string_view> after_stamp(std::string_view line) {
    const auto prefix = find_printk_prefix(line.substr(0, 96));
    if (!prefix || prefix->begin != 0)
        return std::nullopt;
    return line.substr(prefix->message);
}

/// A pattern for the firmware banners in the first lines of a boot.
std::string firmware_banners() {
    std::string pattern = "iPXE ";
    for (const FirmwareRow& row : firmware_rows)
        if (!row.banner.empty())
            pattern += fmt::format("|{}", row.banner);
    return pattern;
}

/// Properties of all lines of a log that a single line does not show.
struct Habit {
    bool timed = false;         ///< lktest's console.log: a time since power-on, then the console's line
    bool kernel_known = false;  ///< some lines say that the kernel wrote them
};

Habit habit_of(std::string_view bytes, const LogPrefix& prefix) {
    static const re2::RE2 firmware(firmware_banners());
    Habit habit;
    std::size_t lines = 0, stamped = 0, nested = 0;
    std::string storage;
    for_each_line(bytes, [&](std::size_t number, std::string_view line, bool) {
        line = without_return(line);
        if (line.empty())
            return number < habit_lines;
        ++lines;
        if (const auto rest = after_stamp(line)) {
            ++stamped;
            nested += after_stamp(*rest) || re2::RE2::PartialMatch(to_re2(*rest), firmware) ? 1 : 0;
        }
        habit.kernel_known = habit.kernel_known || find_printk_prefix(line) ||
                             prefix.peel(line, storage).writer == LogPrefix::Bare::Writer::kernel;
        return number < habit_lines;
    });
    habit.timed = lines > 0 && stamped == lines && nested > 0;
    return habit;
}

/// "T1" of "[    1.234567][    T1] ".
std::string caller_of(std::string_view prefix) {
    const std::size_t end = prefix.rfind(']');
    const std::size_t begin = prefix.rfind('[', end);
    if (end == prefix.npos || begin == prefix.npos)
        return {};
    std::string_view caller = prefix.substr(begin + 1, end - begin - 1);
    caller.remove_prefix(std::min(caller.find_first_not_of(' '), caller.size()));
    const bool task = caller.size() > 1 && (caller[0] == 'T' || caller[0] == 'C') &&
                      caller.find_first_not_of("0123456789", 1) == caller.npos;
    return std::string(task ? caller : std::string_view());
}

/// Creates a line whose keeper named the writer, or that needs no terminal emulation.
SavedLine plain_line(std::size_t number, std::string_view text, Writer writer, bool ended) {
    SavedLine line{.number = number,
                   .text = std::string(text),
                   .message = 0,
                   .writer = writer,
                   .caller = "",
                   .ended = ended};
    const auto prefix = find_printk_prefix(text.substr(0, 96));
    if (prefix && prefix->begin == 0) {
        line.message = prefix->message;
        line.caller = caller_of(text.substr(0, prefix->message));
        if (writer == Writer::unknown)
            line.writer = Writer::kernel;
    }
    return line;
}

std::string without_colours(std::string_view text) {
    static const re2::RE2 colour("\x1b\\[[0-9;?]*[A-Za-z]");
    std::string plain(text);
    if (text.find('\x1b') != text.npos)
        re2::RE2::GlobalReplace(&plain, colour, "");
    return plain;
}

/// Passes lines to the sink as a terminal shows them. Drops escapes, and rejoins lines that the kernel cut.
class ConsoleLines {
public:
    ConsoleLines(const std::function<void(SavedLine&&)>& sink, Writer others)
        : sink_(sink), others_(others) {}

    /// One line of the file, without its newline.
    void take(std::size_t number, std::string_view line, bool ended) {
        last_ = number;
        if (ended && needs_no_terminal(without_return(line))) {
            line = without_return(line);
            const auto stamp = find_printk_prefix(line.substr(0, 96));
            return sink_(plain_line(number, line, stamp ? Writer::kernel : others_, true));
        }
        feed(number, line);
        if (ended)
            feed(number, "\n");
        open_ = !ended;
    }
    /// A line without an end becomes several.
    void keep(std::size_t number, std::string_view text, Writer writer) {
        last_ = number;
        text = without_return(text);
        do {
            const std::string_view piece = text.substr(0, LineReader::longest_line);
            text.remove_prefix(piece.size());
            sink_(plain_line(number, without_colours(piece), writer, true));
        } while (!text.empty());
    }
    void finish() {
        if (std::string begun = transcript_.unfinished(); !begun.empty())
            return pass({microseconds(last_), std::move(begun), 0}, false);
        if (open_)
            feed(last_, "\n");  // a record that was cut off
    }

private:
    /// Whether the transcript has nothing to add, because the line is plain text and nothing is pending. A
    /// stamp may only be at the beginning.
    bool needs_no_terminal(std::string_view line) const {
        if (line.empty() || line.size() > LineReader::longest_line || transcript_.has_unfinished())
            return false;
        for (const char c : line)
            if ((c < ' ' || c > '~') && c != '\t')
                return false;
        // Another record may follow in the same line, after the record's own stamp.
        const auto own = find_printk_prefix(line.substr(0, 96));
        return !find_printk_prefix(line.substr(own && own->begin == 0 ? own->message : 0));
    }
    void feed(std::size_t number, std::string_view bytes) {
        transcript_.feed(bytes, microseconds(number), [this](const ConsoleLine& line) { pass(line, true); });
    }
    void pass(const ConsoleLine& line, bool ended) {
        SavedLine saved{.number = static_cast<std::size_t>(line.at.count()),
                        .text = line.text,
                        .message = line.message,
                        .writer = line.kernel() ? Writer::kernel : others_,
                        .caller = "",
                        .ended = ended};
        if (line.kernel())
            saved.caller = caller_of(std::string_view(line.text).substr(0, line.message));
        sink_(std::move(saved));
    }

    const std::function<void(SavedLine&&)>& sink_;
    Writer others_;
    Transcript transcript_;
    std::size_t last_ = 0;
    bool open_ = false;  ///< the last line has no newline
};

/// The text of a file in UTF-16; unset if it has another encoding.
std::optional<std::string> from_utf16(std::string_view bytes) {
    const bool little = bytes.starts_with("\xff\xfe"), big = bytes.starts_with("\xfe\xff");
    if (!little && !big)
        return std::nullopt;
    std::u16string text;
    text.reserve(bytes.size() / 2);
    for (std::size_t i = 2; i + 1 < bytes.size(); i += 2) {
        const auto first = static_cast<unsigned char>(bytes[i]),
                   second = static_cast<unsigned char>(bytes[i + 1]);
        text += static_cast<char16_t>(little ? first | second << 8 : first << 8 | second);
    }
    return utf8_of_utf16(text);
}

}  // namespace

void read_saved_log(std::string_view bytes, const LogWords& words,
                    const std::function<void(SavedLine&&)>& sink) {
    const std::optional<std::string> converted = from_utf16(bytes);
    if (converted)
        bytes = *converted;
    if (bytes.starts_with("\xef\xbb\xbf"))
        bytes.remove_prefix(3);
    const std::optional<std::string> whole = without_wraps(bytes);
    if (whole)
        bytes = *whole;
    const LogPrefix prefix(bytes, words);
    const Habit habit = habit_of(bytes, prefix);
    ConsoleLines console(sink, habit.kernel_known ? Writer::program : Writer::unknown);
    // lktest ends the last line of its log in any case, even a prompt.
    std::string_view text = bytes;
    while (habit.timed && (text.ends_with('\n') || text.ends_with('\r')))
        text.remove_suffix(1);
    std::string storage;
    for_each_line(text, [&](std::size_t number, std::string_view line, bool ended) {
        if (habit.timed)
            if (const auto rest = after_stamp(without_return(line)))
                line = *rest;
        const std::optional<std::string> plain = with_plain_characters(line);
        const LogPrefix::Bare bare = prefix.peel(plain ? *plain : line, storage);
        if (bare.writer == LogPrefix::Bare::Writer::unsaid)
            console.take(number, bare.text, ended);
        else
            console.keep(number, bare.text,
                         bare.writer == LogPrefix::Bare::Writer::kernel ? Writer::kernel : Writer::program);
        return true;
    });
    console.finish();
}

std::vector<SavedLine> read_saved_log(std::string_view bytes) {
    std::vector<SavedLine> lines;
    read_saved_log(bytes, LogWords{}, [&lines](SavedLine&& line) { lines.push_back(std::move(line)); });
    return lines;
}

}  // namespace lktest
