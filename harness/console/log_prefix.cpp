// SPDX-License-Identifier: MIT
#include "harness/console/log_prefix.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "builder/base/re2_text.hpp"
#include "harness/console/log_lines.hpp"
#include "harness/console/printk.hpp"

namespace lktest {
namespace {

using KeptBy = LogPrefix::Bare::Writer;

constexpr std::size_t sample_lines = 4096, sample_bytes = std::size_t{1} << 20;
constexpr std::size_t longest_prefix = 160, most_layers = 6;
/// A prefix is searched for in this much of a line.
constexpr std::size_t longest_kept = 64 << 10;
constexpr std::string_view mark_of_xen = "(XEN) ";
/// A shape counts if it precedes this many of the kernel's lines, and at least this fraction of them.
constexpr std::size_t least_alike = 2, part_alike = 4;
/// Without any kernel line, it must precede this many lines, and 9 in 10 of all.
constexpr std::size_t least_lines = 8;

re2::RE2::Options silent_options() {
    re2::RE2::Options options;
    options.set_log_errors(false);
    return options;
}

std::vector<std::string_view> sample_of(std::string_view bytes) {
    std::vector<std::string_view> lines;
    for_each_line(bytes.substr(0, sample_bytes), [&lines](std::size_t, std::string_view line, bool) {
        line = without_return(line);
        while (line.starts_with('\r'))
            line.remove_prefix(1);
        if (line.find_first_not_of(" \t") != line.npos)
            lines.push_back(line);
        return lines.size() < sample_lines;
    });
    return lines;
}

/// A piece of a prefix. Words and numbers in the same place are compared by their class.
struct Piece {
    enum class Kind { number, word, mixed, blank, other } kind = Kind::other;
    std::string_view text;
    bool operator==(const Piece&) const = default;
};

bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_number(char c) {
    return c >= '0' && c <= '9';
}
bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

std::vector<Piece> pieces_of(std::string_view text) {
    std::vector<Piece> pieces;
    while (!text.empty()) {
        std::size_t size = 0;
        bool words = false, numbers = false;
        while (size < text.size() && (is_word(text[size]) || is_number(text[size]))) {
            words = words || is_word(text[size]);
            numbers = numbers || is_number(text[size]);
            ++size;
        }
        Piece::Kind kind = words && numbers ? Piece::Kind::mixed
                           : words          ? Piece::Kind::word
                                            : Piece::Kind::number;
        if (size == 0) {
            kind = is_blank(text[0]) ? Piece::Kind::blank : Piece::Kind::other;
            size = 1;
            while (kind == Piece::Kind::blank && size < text.size() && is_blank(text[size]))
                ++size;
        }
        pieces.push_back({kind, text.substr(0, size)});
        text.remove_prefix(size);
    }
    return pieces;
}

std::string shape_of(const std::vector<Piece>& pieces) {
    std::string shape;
    for (const Piece& piece : pieces)
        switch (piece.kind) {
            case Piece::Kind::number: shape += '9'; break;
            case Piece::Kind::word: shape += 'a'; break;
            case Piece::Kind::mixed: shape += 'x'; break;
            case Piece::Kind::blank: shape += ' '; break;
            case Piece::Kind::other: shape += piece.text;
        }
    return shape;
}

/// A regular expression for all of `samples`, which have the same shape.
std::string expression_of(const std::vector<std::vector<Piece>>& samples) {
    std::string expression;
    for (std::size_t i = 0; i < samples.front().size(); ++i) {
        const Piece& first = samples.front()[i];
        const bool same = std::ranges::all_of(samples, [&](const auto& other) { return other[i] == first; });
        std::size_t least = first.text.size();
        for (const auto& sample : samples)
            least = std::min(least, sample[i].text.size());
        const bool last = i + 1 == samples.front().size();
        switch (first.kind) {
            case Piece::Kind::number: expression += "\\d+"; break;
            case Piece::Kind::word:
            case Piece::Kind::mixed:
                expression += same ? re2::RE2::QuoteMeta(to_re2(first.text)) : std::string("\\w+");
                break;
            // The final blanks may belong to the line itself.
            case Piece::Kind::blank:
                expression += last ? fmt::format("[ \\t]{{{}}}", least) : std::string("[ \\t]+");
                break;
            case Piece::Kind::other: expression += re2::RE2::QuoteMeta(to_re2(first.text));
        }
    }
    return expression;
}

/// Skips colours and terminal sequences at the start of a line.
std::string_view after_escapes(std::string_view line) {
    while (line.starts_with('\x1b') || line.starts_with('\r')) {
        static const re2::RE2 escape("\\r|\x1b\\[[0-9;?]*[mKhl]|\x1b_[^\x07\x1b]*(?:\x07|\x1b\\\\)");
        re2::StringPiece found;
        if (!escape.Match(to_re2(line), 0, std::min(line.size(), longest_prefix), re2::RE2::ANCHOR_START,
                          &found, 1))
            break;
        line.remove_prefix(found.size());
    }
    return line;
}

/// The text inside a line of JSON, or of YAML that looks like it.
std::optional<std::string> unquoted(std::string_view line) {
    static const re2::RE2 quoted(
        R"re(^[-\s]*\{.*?["']?\b(?:msg|MESSAGE|message|log|text|line)["']?\s*[:=]\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^']|'')*)'))re");
    re2::StringPiece by_json, by_yaml;
    if (!re2::RE2::PartialMatch(to_re2(line), quoted, &by_json, &by_yaml))
        return std::nullopt;
    if (by_json.data() == nullptr)
        return std::string(from_re2(by_yaml));
    const auto text = nlohmann::json::parse(fmt::format("\"{}\"", from_re2(by_json)), nullptr, false);
    std::string result = text.is_string() ? text.get<std::string>() : std::string(from_re2(by_json));
    while (result.ends_with('\n') || result.ends_with('\r'))
        result.pop_back();
    return result;
}

/// Xen's stamp looks like the kernel's, but follows its own mark: "(XEN) [   12.345678] text".
std::optional<std::string> without_time_of_xen(std::string_view line) {
    if (!line.starts_with(mark_of_xen) || !line.substr(mark_of_xen.size()).starts_with('['))
        return std::nullopt;
    const std::size_t end = line.substr(0, longest_prefix).find("] ");
    if (end == line.npos)
        return std::nullopt;
    return fmt::format("{}{}", mark_of_xen, line.substr(end + 2));
}

bool says_kernel(std::string_view json) {
    static const re2::RE2 expression(
        R"(["'](?:_TRANSPORT|SYSLOG_IDENTIFIER|ident|tag|facility)["']\s*:\s*["']kern)");
    return re2::RE2::PartialMatch(to_re2(json), expression);
}

}  // namespace

std::size_t find_kernel_words(std::string_view line, const LogWords& words) {
    line = line.substr(0, 2 * longest_prefix);
    if (const auto stamp = find_printk_prefix(line))
        return stamp->begin;
    std::size_t first = line.npos;
    for (const Pattern& pattern : words.kernel_words) {
        re2::StringPiece found;
        if (pattern->Match(to_re2(line), 0, line.size(), re2::RE2::UNANCHORED, &found, 1))
            first = std::min(first, static_cast<std::size_t>(found.data() - line.data()));
    }
    return first;
}

LogPrefix::LogPrefix(std::string_view bytes, const LogWords& words)
    : words_(words), stamped_(words.keepers.size(), false) {
    const std::vector<std::string_view> lines = sample_of(bytes);
    learn_host(lines);
    learn_shapes(lines);
    learn_stamped_keepers(lines);
}

/// Indices of the keepers whose prefix begins the text, in no order.
std::vector<int> LogPrefix::keepers_of(std::string_view text) const {
    std::vector<int> found;
    re2::RE2::Set::ErrorInfo error{};
    if (words_.any_keeper && !text.empty())
        words_.any_keeper->Match(to_re2(text.substr(0, longest_kept)), &found, &error);
    return found;
}

/// Whether lines of a kernel log collector also have the kernel's own stamps. Then it collected a console.
void LogPrefix::learn_stamped_keepers(const std::vector<std::string_view>& lines) {
    for (const std::string_view line : lines) {
        const std::string_view bare = after_escapes(line);
        for (const int index : keepers_of(bare)) {
            const auto keeper = static_cast<std::size_t>(index);
            re2::StringPiece prefix;
            if (!words_.keepers[keeper].prefix->Match(to_re2(bare), 0, bare.size(), re2::RE2::ANCHOR_START,
                                                      &prefix, 1))
                continue;
            const auto stamp = find_printk_prefix(bare.substr(prefix.size(), 64));
            stamped_[keeper] = stamped_[keeper] || (stamp && stamp->begin == 0);
        }
    }
}

/// syslog and journalctl print the host after the clock.
void LogPrefix::learn_host(const std::vector<std::string_view>& lines) {
    static const re2::RE2 host_and_tag(R"(([^\s:\[\]]+) (?:\w+\.\w+ )?(?:kernel|[\w./@()-]+\[\d+\]): )");
    std::map<std::string, std::size_t> hosts;
    std::size_t clocked = 0;
    for (const std::string_view line : lines) {
        Bare bare{.text = after_escapes(line), .writer = KeptBy::unsaid};
        bool has_clock = false;
        while (take_keeper(bare, has_clock)) {
        }
        if (const auto stamp = find_printk_prefix(bare.text.substr(0, 64)); stamp && stamp->begin == 0) {
            bare.text.remove_prefix(stamp->message);  // journalctl -o short-monotonic
            has_clock = true;
        }
        if (!has_clock)
            continue;
        ++clocked;
        re2::StringPiece host;
        if (host_and_tag.Match(to_re2(bare.text), 0, bare.text.size(), re2::RE2::ANCHOR_START, nullptr, 0) &&
            re2::RE2::PartialMatch(to_re2(bare.text.substr(0, 2 * longest_prefix)), host_and_tag, &host))
            ++hosts[std::string(from_re2(host))];
    }
    for (const auto& [host, count] : hosts)
        if (count * 2 > clocked)
            host_ = host;
}

void LogPrefix::learn_shapes(const std::vector<std::string_view>& lines) {
    std::map<std::string, std::vector<std::vector<Piece>>> shapes;
    std::size_t anchored = 0;
    for (const std::string_view line : lines) {
        Bare bare{.text = after_escapes(line), .writer = KeptBy::unsaid};
        bool clocked = false;
        while (take_keeper(bare, clocked) || take_tag(bare)) {
        }
        if (bare.text.starts_with(mark_of_xen))
            continue;  // Xen puts time stamps after its mark, so the mark is part of the line
        const std::size_t at = find_kernel_words(bare.text, words_);
        if (at == bare.text.npos)
            continue;
        ++anchored;
        if (at == 0 || at > longest_prefix)
            continue;
        std::vector<Piece> pieces = pieces_of(bare.text.substr(0, at));
        shapes[shape_of(pieces)].push_back(std::move(pieces));
    }
    for (const auto& [shape, samples] : shapes) {
        // A word directly before the kernel's text, without a separator, is not a prefix.
        const Piece::Kind last = samples.front().back().kind;
        const bool parted = last == Piece::Kind::blank || last == Piece::Kind::other;
        if (!parted || samples.size() < least_alike || samples.size() * part_alike < anchored)
            continue;
        const bool kernel = std::ranges::any_of(samples.front(), [](const Piece& piece) {
            return piece.text == "kernel" || piece.text == "kern";
        });
        learned_.push_back({std::make_unique<re2::RE2>(expression_of(samples), silent_options()), kernel});
    }
    if (anchored > 0 || lines.size() < least_lines)
        return;

    // There is no kernel line, so look for a beginning with a number or a bar that almost all lines share.
    std::map<std::string, std::vector<std::vector<Piece>>> beginnings;
    for (const std::string_view line : lines) {
        std::vector<Piece> pieces = pieces_of(after_escapes(line).substr(0, longest_prefix));
        for (std::size_t count = 2; count <= std::min<std::size_t>(pieces.size(), 24); ++count) {
            const std::vector<Piece> begin(pieces.begin(),
                                           pieces.begin() + static_cast<std::ptrdiff_t>(count));
            if (begin.back().kind == Piece::Kind::blank)
                beginnings[shape_of(begin)].push_back(begin);
        }
    }
    std::size_t longest = 0;
    for (const auto& [shape, samples] : beginnings) {
        const auto constant = [&](std::size_t i) {
            const Piece& first = samples.front()[i];
            return first.kind != Piece::Kind::word ||
                   std::ranges::all_of(samples, [&](const auto& other) { return other[i] == first; });
        };
        bool all_constant = true;
        for (std::size_t i = 0; i < samples.front().size(); ++i)
            all_constant = all_constant && constant(i);
        if (samples.size() * 10 < lines.size() * 9 || !all_constant || shape.size() <= longest ||
            shape.find_first_of("9|#") == shape.npos)
            continue;
        longest = shape.size();
        learned_.clear();
        learned_.push_back({std::make_unique<re2::RE2>(expression_of(samples), silent_options()), false});
    }
}

bool LogPrefix::take_keeper(Bare& bare, bool& clocked) const {
    const std::vector<int> found = keepers_of(bare.text);
    if (found.empty())
        return false;
    const auto index = static_cast<std::size_t>(*std::ranges::min_element(found));
    const LogWords::Keeper& keeper = words_.keepers[index];
    re2::StringPiece prefix;
    if (!keeper.prefix->Match(to_re2(bare.text), 0, bare.text.size(), re2::RE2::ANCHOR_START, &prefix, 1) ||
        prefix.empty())
        return false;
    bare.text.remove_prefix(prefix.size());
    clocked = true;
    if (keeper.writer == LogWords::Keeper::Writer::kernel && !stamped_[index])
        bare.writer = KeptBy::kernel;
    else if (keeper.writer == LogWords::Keeper::Writer::program)
        bare.writer = KeptBy::program;
    return true;
}

bool LogPrefix::take_learned(Bare& bare) const {
    for (const Learned& learned : learned_) {
        re2::StringPiece prefix;
        if (!learned.expression->Match(to_re2(bare.text), 0, std::min(bare.text.size(), 2 * longest_prefix),
                                       re2::RE2::ANCHOR_START, &prefix, 1))
            continue;
        bare.text.remove_prefix(prefix.size());
        if (learned.kernel)
            bare.writer = KeptBy::kernel;
        return true;
    }
    return false;
}

/// Removes the host and "kernel: " after a clock. Any other tag stays, because it names the program.
bool LogPrefix::take_tag(Bare& bare) const {
    std::string_view rest = bare.text;
    const bool has_host =
        !host_.empty() && rest.starts_with(host_) && rest.substr(host_.size()).starts_with(' ');
    if (has_host)
        rest.remove_prefix(host_.size() + 1);
    static const re2::RE2 tag(R"((?:\w+\.\w+ )?(kernel|[\w./@-]+|[\w./@()-]+\[\d+\])(?:\[\d+\])?: ?)");
    re2::StringPiece whole[2];
    if (!tag.Match(to_re2(rest), 0, std::min(rest.size(), longest_prefix), re2::RE2::ANCHOR_START, whole, 2))
        return false;
    const bool kernel = whole[1] == "kernel";
    if (!kernel && !has_host)
        return false;
    bare.writer = kernel ? KeptBy::kernel : KeptBy::program;
    bare.text = kernel ? rest.substr(whole[0].size()) : rest;
    return true;
}

/// `journalctl -o short-monotonic`: "[    1.234567] host kernel: text". The stamp stays, since it is the
/// kernel's.
void LogPrefix::take_monotonic(Bare& bare, std::string& storage) const {
    const auto stamp = find_printk_prefix(bare.text.substr(0, 64));
    if (!stamp || stamp->begin != 0)
        return;
    Bare rest{.text = bare.text.substr(stamp->message), .writer = KeptBy::unsaid};
    if (!take_tag(rest))
        return;
    const std::string text = rest.writer == KeptBy::kernel
                                 ? fmt::format("{}{}", bare.text.substr(0, stamp->message), rest.text)
                                 : std::string(rest.text);
    storage = text;
    bare = {.text = storage, .writer = rest.writer};
}

LogPrefix::Bare LogPrefix::peel(std::string_view line, std::string& storage) const {
    Bare bare{.text = after_escapes(line), .writer = KeptBy::unsaid};
    if (line.find('{') < 8)
        if (auto text = unquoted(line.substr(0, longest_kept))) {
            if (says_kernel(line.substr(0, longest_kept)))
                bare.writer = KeptBy::kernel;
            storage = std::move(*text);
            bare.text = storage;
        }
    bool clocked = false;
    for (std::size_t layer = 0; layer < most_layers; ++layer) {
        if (take_learned(bare) || take_keeper(bare, clocked)) {
            bare.text = after_escapes(bare.text);
            continue;
        }
        break;
    }
    if (const auto timed = without_time_of_xen(bare.text)) {
        storage = *timed;
        bare.text = storage;
    }
    if (clocked || !learned_.empty())
        take_tag(bare);
    take_monotonic(bare, storage);
    return bare;
}

}  // namespace lktest
