// SPDX-License-Identifier: MIT
#include "harness/console/saved_log.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "harness/console/printk.hpp"
#include "harness/console/transcript.hpp"

namespace lktest {
namespace {

using Writer = SavedLine::Writer;
using std::chrono::microseconds;

/// Calls `take(number, line)` for each line, without its newline, and whether it had one.
template <typename Take>
void for_each_line(std::string_view bytes, Take take) {
    for (std::size_t number = 1; !bytes.empty(); ++number) {
        const std::size_t end = std::min(bytes.find('\n'), bytes.size());
        take(number, bytes.substr(0, end), end < bytes.size());
        bytes.remove_prefix(std::min(end + 1, bytes.size()));
    }
}

std::string_view without_return(std::string_view line) {
    while (line.ends_with('\r'))
        line.remove_suffix(1);
    return line;
}

/// What is behind a printk prefix at the line's very beginning.
std::optional<std::string_view> behind_stamp(std::string_view line) {
    const auto prefix = find_printk_prefix(line.substr(0, 64));
    if (!prefix || prefix->begin != 0)
        return std::nullopt;
    return line.substr(prefix->message);
}

/// A record whose keeper says who wrote it.
struct KeptRecord {
    bool kernel = false;
    std::string_view text;
};

/// RFC 3164 and ISO 8601 syslog; `journalctl` prints the same.
std::optional<KeptRecord> read_syslog(std::string_view line) {
    static const re2::RE2 expression(
        R"((?:<\d{1,3}>)?(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d+)?|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[\d.,:Z+-]*) \S+ ([\w./@-]+)(?:\[\d+\])?: (.*))");
    re2::StringPiece tag, text;
    if (!re2::RE2::FullMatch(line, expression, &tag, &text))
        return std::nullopt;
    return KeptRecord{tag == "kernel", text};
}

/// `dmesg -x`: "kern  :warn  : [    1.234567] text".
std::optional<KeptRecord> read_decoded(std::string_view line) {
    static const re2::RE2 expression(
        R"((kern|user|mail|daemon|auth|syslog|lpr|news|uucp|cron|authpriv|ftp|local\d) *:(?:emerg|alert|crit|err|warn|notice|info|debug) *: ?(.*))");
    re2::StringPiece facility, text;
    if (!re2::RE2::FullMatch(line, expression, &facility, &text))
        return std::nullopt;
    return KeptRecord{facility == "kern", text};
}

/// `dmesg -T`, `dmesg --time-format iso`.
std::optional<KeptRecord> read_wall_clock(std::string_view line) {
    static const re2::RE2 expression(
        R"((?:\[[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}\]|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d,\d{6}[+-]\d\d:\d\d) (.*))");
    re2::StringPiece text;
    if (!re2::RE2::FullMatch(line, expression, &text))
        return std::nullopt;
    return KeptRecord{true, text};
}

/// /dev/kmsg (Documentation/ABI/testing/dev-kmsg): "6,339,5140900,-;text". The facility is priority / 8.
std::optional<KeptRecord> read_kmsg(std::string_view line) {
    static const re2::RE2 expression(R"((\d{1,4}),\d+,\d+,[^;]{1,64};(.*))");
    int priority = 0;
    re2::StringPiece text;
    if (!re2::RE2::FullMatch(line, expression, &priority, &text))
        return std::nullopt;
    return KeptRecord{priority < 8, text};
}

std::optional<KeptRecord> read_kept(std::string_view line) {
    for (const auto read : {read_syslog, read_decoded, read_wall_clock, read_kmsg})
        if (const auto record = read(line))
            return record;
    return std::nullopt;
}

/// The length of a wall-clock time that a CI system put in front of a console line.
std::size_t clock_length(std::string_view line) {
    static const re2::RE2 expression(
        R"(\[?(?:\d{4}-\d\d-\d\d[T ])?\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d| UTC)?\]?[ \t]{1,2}|\[\d\d:\d\d:\d\d(?:\.\d+)?\])");
    re2::StringPiece found;
    return expression.Match(line, 0, std::min<std::size_t>(line.size(), 64), re2::RE2::ANCHOR_START, &found,
                            1)
               ? found.size()
               : 0;
}

/// How every line of a log begins, as far as one line does not tell.
struct Habit {
    std::size_t last = 0;  ///< the number of the last line that is not empty
    bool timed = false;    ///< lktest's console.log: a time since power-on, then what the console had
    std::string own_host;  ///< `journalctl -o short-monotonic`: "[    1.234567] host kernel: text"
    bool kernel_known = false;
};

Habit habit_of(std::string_view bytes) {
    static const re2::RE2 monotonic(R"((\S+) kernel: )");
    static const re2::RE2 firmware(R"(SeaBIOS |UEFI firmware |BdsDxe: |iPXE )");
    Habit habit;
    std::size_t lines = 0, stamped = 0, nested = 0;
    for_each_line(bytes, [&](std::size_t number, std::string_view line, bool) {
        line = without_return(line);
        if (line.empty())
            return;
        ++lines;
        habit.last = number;
        if (const auto record = read_kept(line.substr(clock_length(line)))) {
            habit.kernel_known = habit.kernel_known || record->kernel;
            return;
        }
        habit.kernel_known = habit.kernel_known || find_printk_prefix(line);
        const auto behind = behind_stamp(line);
        if (!behind)
            return;
        ++stamped;
        if (behind_stamp(*behind) || re2::RE2::PartialMatch(*behind, firmware))
            ++nested;
        if (habit.own_host.empty()) {
            re2::StringPiece host;
            if (monotonic.Match(*behind, 0, behind->size(), re2::RE2::ANCHOR_START, nullptr, 0) &&
                re2::RE2::PartialMatch(*behind, monotonic, &host) && host.find(':') == host.npos)
                habit.own_host = std::string(host);
        }
    });
    habit.timed = lines > 0 && stamped == lines && nested > 0;
    return habit;
}

/// What `journalctl -o short-monotonic` keeps: the time stays, as the kernel's own would.
std::optional<KeptRecord> read_monotonic(std::string_view line, const std::string& host) {
    const auto behind = host.empty() ? std::nullopt : behind_stamp(line);
    if (!behind || !behind->starts_with(host + " "))
        return std::nullopt;
    static const re2::RE2 expression(R"(\S+ ([\w./@-]+)(?:\[\d+\])?: (.*))");
    re2::StringPiece tag, text;
    if (!re2::RE2::FullMatch(*behind, expression, &tag, &text))
        return std::nullopt;
    return KeptRecord{tag == "kernel", text};
}

/// "T1" of "[    1.234567][    T1] ".
std::string caller_of(std::string_view prefix) {
    static const re2::RE2 expression(R"(\[ *([TC]\d+)\] ?$)");
    std::string caller;
    re2::RE2::PartialMatch(prefix, expression, &caller);
    return caller;
}

void set_prefix(SavedLine& line) {
    const auto prefix = find_printk_prefix(std::string_view(line.text).substr(0, 64));
    if (!prefix || prefix->begin != 0)
        return;
    line.message = prefix->message;
    line.caller = caller_of(std::string_view(line.text).substr(0, prefix->message));
}

SavedLine kept_line(std::size_t number, const KeptRecord& record) {
    SavedLine line{.number = number,
                   .text = std::string(record.text),
                   .message = 0,
                   .writer = record.kernel ? Writer::kernel : Writer::program,
                   .caller = "",
                   .ended = true};
    set_prefix(line);
    return line;
}

/// The same through a terminal's eyes: escapes go, and lines that the kernel cut are whole again.
class ConsoleLines {
public:
    ConsoleLines(std::vector<SavedLine>& lines, Writer others) : lines_(lines), others_(others) {}

    void feed(std::size_t number, std::string_view bytes) {
        transcript_.feed(bytes, microseconds(number), [this](const ConsoleLine& line) { take(line, true); });
    }
    void finish(std::size_t number) {
        if (std::string begun = transcript_.unfinished(); !begun.empty())
            return take({microseconds(number), std::move(begun), 0}, false);
        if (number > 0)
            feed(number, "\n");  // a record that was cut off
    }

private:
    void take(const ConsoleLine& line, bool ended) {
        SavedLine saved{.number = static_cast<std::size_t>(line.at.count()),
                        .text = line.text,
                        .message = line.message,
                        .writer = line.kernel() ? Writer::kernel : others_,
                        .caller = "",
                        .ended = ended};
        if (line.kernel())
            saved.caller = caller_of(std::string_view(line.text).substr(0, line.message));
        lines_.push_back(std::move(saved));
    }

    std::vector<SavedLine>& lines_;
    Writer others_;
    Transcript transcript_;
};

}  // namespace

std::vector<SavedLine> read_saved_log(std::string_view bytes) {
    const Habit habit = habit_of(bytes);
    std::vector<SavedLine> lines;
    ConsoleLines console(lines, habit.kernel_known ? Writer::program : Writer::unknown);
    std::size_t last = 0;
    for_each_line(bytes, [&](std::size_t number, std::string_view line, bool ended) {
        last = number;
        if (habit.timed)
            line = *behind_stamp(without_return(line));
        const std::string_view bare = without_return(line.substr(clock_length(line)));
        std::optional<KeptRecord> record = read_monotonic(bare, habit.own_host);
        if (!record)
            record = read_kept(bare);
        if (record)
            return lines.push_back(kept_line(number, *record));
        console.feed(number, line.substr(clock_length(line)));
        // lktest ends the last line of its log, a prompt or not.
        if (ended && !(habit.timed && number == habit.last))
            console.feed(number, "\n");
    });
    console.finish(last);
    return lines;
}

}  // namespace lktest
