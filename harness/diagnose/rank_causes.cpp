// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <limits>
#include <set>
#include <tuple>

#include "builder/base/printable.hpp"
#include "builder/base/re2_text.hpp"
#include "harness/console/rules.hpp"
#include "harness/console/saved_log.hpp"
#include "harness/diagnose/causes.hpp"

namespace lktest {
namespace {

constexpr std::size_t nowhere = std::numeric_limits<std::size_t>::max();

bool is_among(const std::vector<std::string>& names, std::string_view name) {
    return std::ranges::find(names, name) != names.end();
}

/// Whether a cause exists on this machine; an empty list names all.
template <typename Value>
bool is_for(const std::vector<Value>& wanted, Value machine) {
    return wanted.empty() || std::ranges::find(wanted, machine) != wanted.end();
}

/// The position of a stage in the course of a boot; also for the stages of a diagnosis. 0 if unknown.
int place_of_stage(std::string_view stage) {
    constexpr std::array<std::pair<std::string_view, int>, 6> places{{{"firmware", 1},
                                                                      {"secure-boot", 2},
                                                                      {"boot-loader", 2},
                                                                      {"kernel", 3},
                                                                      {"initramfs", 4},
                                                                      {"userspace", 5}}};
    for (const auto& [name, place] : places)
        if (name == stage)
            return place;
    return 0;
}

bool before_the_kernel(std::string_view stage) {
    return place_of_stage(stage) < place_of_stage("kernel");
}

/// A line, and the failure of the catalogue that matches it; unset if none does.
struct ReadLine {
    SavedLine line;
    std::string failure;
    bool among_last = false;
    bool of_kernel() const { return line.writer == SavedLine::Writer::kernel; }
};

/// Marks the last lines before the kernel died or the output stopped. The kernel's report of its death does
/// not count, and its lines do not displace those of programs.
void mark_last(std::vector<ReadLine>& lines) {
    constexpr std::size_t most = 12, most_of_kernel = 60;
    static const re2::RE2 death(R"(Kernel panic - not syncing)");
    const auto died = std::ranges::find_if(
        lines, [](const ReadLine& read) { return re2::RE2::PartialMatch(to_re2(read.line.said()), death); });
    std::size_t programs = 0, kernel = 0;
    for (auto read = std::make_reverse_iterator(died); read != lines.rend(); ++read) {
        std::size_t& count = read->of_kernel() ? kernel : programs;
        if (read->line.said().find_first_not_of(" \t\r") == std::string_view::npos)
            continue;
        read->among_last = ++count <= (read->of_kernel() ? most_of_kernel : most);
    }
}

std::vector<ReadLine> read_lines(const std::vector<std::string>& lines,
                                 const std::vector<Failure>& failures) {
    Rules rules({}, failures);
    std::vector<ReadLine> read;
    for (SavedLine& line : read_saved_log(fmt::format("{}", fmt::join(lines, "\n")))) {
        std::vector<Hit> hits = line.writer == SavedLine::Writer::kernel
                                    ? rules.on_record(line.said())
                                    : rules.on_line({{}, line.text, line.message});
        if (hits.empty() && !line.ended)
            hits = rules.on_prompt(line.text);
        // If two match the same line, the first one counts.
        std::string failure = hits.empty() ? "" : rules.failures()[hits.front().index].name;
        read.push_back({std::move(line), std::move(failure)});
    }
    mark_last(read);
    return read;
}

using Words = std::map<std::string, std::string, std::less<>>;

/// Whether one of the patterns matches; its groups become the words "1", "2", ….
bool matches(const std::vector<Pattern>& patterns, std::string_view text, Words* words = nullptr) {
    constexpr int most = 4;
    return std::ranges::any_of(patterns, [&](const Pattern& pattern) {
        std::array<re2::StringPiece, most> groups;
        const int count = std::min(most, 1 + pattern->NumberOfCapturingGroups());
        if (!pattern->Match(to_re2(text), 0, text.size(), re2::RE2::UNANCHORED, groups.data(), count))
            return false;
        for (int i = 1; words && i < count; ++i)
            (*words)[std::to_string(i)] = printable(from_re2(groups[static_cast<std::size_t>(i)]));
        return true;
    });
}

/// The line of the console that begins a kernel's log; 0 if it shows none, as with `quiet`. Lines before it
/// do not come from programs that the kernel started.
std::size_t start_of_kernel(const std::vector<ReadLine>& lines, std::size_t console_lines) {
    static const re2::RE2 first(R"(^(?:Linux version \d|Booting Linux on physical CPU))");
    const auto start = std::ranges::find_if(lines, [&](const ReadLine& read) {
        return read.of_kernel() && read.line.number <= console_lines &&
               re2::RE2::PartialMatch(to_re2(read.line.said()), first);
    });
    return start == lines.end() ? 0 : static_cast<std::size_t>(start - lines.begin());
}

/// The first line that shows the cause; `nowhere` if none does.
/// @param kernel_start  see start_of_kernel()
std::size_t first_line(const Cause& cause, const std::vector<ReadLine>& lines, std::size_t kernel_start,
                       Words& words) {
    const std::size_t begin =
        place_of_stage(cause.stage) > place_of_stage("kernel") ? kernel_start : std::size_t{0};
    for (std::size_t i = begin; i < lines.size(); ++i) {
        const std::string_view said = lines[i].line.said();
        if (is_among(cause.failures, lines[i].failure) || matches(cause.patterns, said, &words) ||
            (lines[i].among_last && !lines[i].of_kernel() && matches(cause.last, said, &words)))
            return i;
    }
    return nowhere;
}

/// Whether a finding on the medium confirms the cause.
bool is_confirmed_by(const Cause& cause, const MediumFinding& finding) {
    return std::ranges::any_of(cause.findings, [&](std::string_view wanted) {
        const std::size_t end = std::min(wanted.find(' '), wanted.size());
        if (wanted.substr(0, end) != finding.id)
            return false;
        const std::string word(wanted.substr(std::min(end + 1, wanted.size())));
        return word.empty() ||
               re2::RE2::PartialMatch(finding.text, "\\b" + re2::RE2::QuoteMeta(word) + "\\b");
    });
}

/// Compares a cause with the measured facts.
struct Measured {
    bool refuted = false, confirmed = false;
    std::vector<std::string> texts;
};

Measured measure(const Cause& cause, const Facts& facts) {
    Measured measured;
    bool all_known = !cause.required.empty();
    for (std::string_view wanted : cause.required) {
        const bool negated = wanted.starts_with('!');
        const Fact* fact = facts.find(wanted.substr(negated ? 1 : 0));
        all_known = all_known && fact;
        if (fact && fact->holds == negated)
            measured.refuted = true;
        else if (fact)
            measured.texts.push_back("measured: " + fact->text);
    }
    for (std::string_view refuting : cause.refuting) {
        const bool negated = refuting.starts_with('!');
        const Fact* fact = facts.find(refuting.substr(negated ? 1 : 0));
        measured.refuted = measured.refuted || (fact && fact->holds != negated);
    }
    measured.refuted = measured.refuted || (cause.strict && !all_known);
    measured.confirmed = all_known && !measured.refuted;
    return measured;
}

/// The sort key of a cause: lower ranks come first.
struct Rank {
    enum Kind { proper, consequence, on_medium, remark } kind = proper;
    bool by_medium_only = false;
    bool confirmed = false;
    bool overtaken = false;  ///< its line belongs to a stage that the boot has since left
    std::size_t line = nowhere;
    int doubt = 0;  ///< 0: confirmed; 1: does not need confirmation; 2: unconfirmed

    auto key() const { return std::tuple(kind, !confirmed, by_medium_only, overtaken, line, doubt); }
};

/// The causes of one boot, while they are collected.
class Ranking {
public:
    Ranking(const CauseEvidence& evidence, const std::vector<Failure>& failures)
        : evidence_(evidence), lines_(read_lines(evidence.lines, failures)) {
        kernel_spoke_ = std::ranges::any_of(lines_, &ReadLine::of_kernel);
        kernel_start_ = start_of_kernel(lines_, evidence.console_lines);
    }

    void consider(const Cause& cause);
    /// Adds the errors on the boot path that the catalogue does not explain.
    void consider_rest(const std::vector<Cause>& causes);
    std::vector<RankedCause> take();

private:
    bool is_possible(const Cause& cause, const Measured& measured) const;
    /// Adds the findings on the medium that confirm the cause.
    void look_at_medium(const Cause& cause, RankedCause& found) const;
    bool stands_by_medium_only(const Cause& cause) const;
    /// Whether a cause of the catalogue covers the finding, or the boot got past it.
    bool is_explained_elsewhere(const MediumFinding& finding, const std::vector<Cause>& causes) const;

    const CauseEvidence& evidence_;
    std::vector<ReadLine> lines_;
    bool kernel_spoke_ = false;
    std::size_t kernel_start_ = 0;
    std::set<std::string> explained_;  ///< ids of findings
    std::vector<std::pair<Rank, RankedCause>> standing_;
};

bool Ranking::is_possible(const Cause& cause, const Measured& measured) const {
    if (!is_for(cause.arches, evidence_.arch) || !includes(cause.firmwares, evidence_.firmware) ||
        measured.refuted)
        return false;
    // Once a kernel runs, earlier messages of firmware and loader were harmless, with few exceptions.
    if (kernel_spoke_ && before_the_kernel(cause.stage) && !cause.lasting)
        return false;
    const bool found = std::ranges::any_of(
        evidence_.medium, [&](const MediumFinding& finding) { return is_confirmed_by(cause, finding); });
    if (cause.inspected && evidence_.inspected && !found)
        return false;
    return std::ranges::none_of(
        lines_, [&](const ReadLine& read) { return matches(cause.without, read.line.said()); });
}

void Ranking::look_at_medium(const Cause& cause, RankedCause& found) const {
    const MediumFinding* decisive = nullptr;
    for (const MediumFinding& finding : evidence_.medium)
        if (is_confirmed_by(cause, finding)) {
            found.confirmed = true;
            found.evidence.push_back("on the medium: " + finding.text);
            if (!decisive && finding.is_error && !finding.fix.empty())
                decisive = &finding;
        }
    if (!decisive)
        return;
    // The finding is more specific: it names the file and the line.
    std::string text = decisive->text;
    while (text.ends_with('.'))
        text.pop_back();
    found.detail = printable(text);
    found.cause += ": " + found.detail;
    found.fix = printable(decisive->fix);
}

/// Whether a fault on the medium explains the boot although no line shows it: the boot ended at the fault's
/// stage or later.
bool Ranking::stands_by_medium_only(const Cause& cause) const {
    const bool shown_elsewhere = !cause.failures.empty() || !cause.patterns.empty() || !cause.last.empty() ||
                                 !cause.silences.empty() || !cause.signs.empty();
    if (!shown_elsewhere)
        return !kernel_spoke_ || cause.stage == evidence_.stage;
    if (before_the_kernel(cause.stage))
        return !kernel_spoke_ && cause.stage == evidence_.stage;
    return place_of_stage(evidence_.stage) >= place_of_stage(cause.stage);
}

void Ranking::consider(const Cause& cause) {
    const Measured measured = measure(cause, evidence_.facts);
    if (!is_possible(cause, measured))
        return;
    Words words = evidence_.facts.words;
    Rank rank;
    rank.kind = cause.remark ? Rank::remark : cause.consequence ? Rank::consequence : Rank::proper;
    rank.line = first_line(cause, lines_, kernel_start_, words);
    if (rank.line != nowhere)
        words["line"] = printable(lines_[rank.line].line.said());
    RankedCause found{.id = cause.id,
                      .stage = cause.stage,
                      .cause = with_words(cause.cause, words),
                      .fix = with_words(cause.fix, words),
                      .source = cause.source,
                      .evidence = {},
                      .confirmed = false};
    std::vector<std::string> signs;
    for (const Sign& sign : evidence_.signs)
        if (is_among(cause.signs, sign.name))
            signs.push_back("observed: " + sign.text);
    const bool has_lines = !cause.failures.empty() || !cause.patterns.empty() || !cause.last.empty();
    const bool only_facts =
        !has_lines && cause.signs.empty() && cause.silences.empty() && cause.findings.empty();
    // If the cause has lines, a sign only confirms them. Otherwise a sign is enough, and so are facts.
    const bool by_sign = !signs.empty() && !has_lines;
    const bool by_fact = only_facts && measured.confirmed;
    const bool unheard = by_sign || is_among(cause.silences, evidence_.silence);
    const bool shown =
        rank.line != nowhere || by_fact || (unheard && (cause.required.empty() || measured.confirmed));
    if (rank.line != nowhere)
        found.evidence.push_back(lines_[rank.line].line.text);
    look_at_medium(cause, found);
    rank.by_medium_only = !shown;
    const bool is_error = std::ranges::any_of(evidence_.medium, [&](const MediumFinding& finding) {
        return finding.is_error && is_confirmed_by(cause, finding);
    });
    if (!shown && (!found.confirmed || !stands_by_medium_only(cause)))
        return;
    // The boot got past what this would have prevented.
    if (!shown && rank.kind != Rank::remark && place_of_stage(cause.stage) < place_of_stage(evidence_.stage))
        rank.kind = Rank::on_medium;
    found.confirmed = found.confirmed || measured.confirmed;
    if (kernel_spoke_ && before_the_kernel(cause.stage) && !found.confirmed)
        return;
    found.evidence.insert(found.evidence.end(), signs.begin(), signs.end());
    found.evidence.insert(found.evidence.end(), measured.texts.begin(), measured.texts.end());
    found.confirmed = found.confirmed || (!signs.empty() && !by_sign);
    // A warning may be harmless; an error on the path that was booted counts as much as a measurement.
    rank.confirmed = found.confirmed && (shown || is_error);
    found.on_medium = is_error && rank.kind == Rank::proper;
    rank.overtaken = rank.line != nowhere && !lines_[rank.line].among_last && !found.confirmed &&
                     place_of_stage(cause.stage) < place_of_stage(evidence_.stage);
    const bool unconfirmed = !cause.findings.empty() || (!cause.signs.empty() && !by_sign);
    rank.doubt = found.confirmed ? 0 : (!unconfirmed || !cause.without.empty()) ? 1 : 2;
    for (const MediumFinding& finding : evidence_.medium)
        if (is_confirmed_by(cause, finding))
            explained_.insert(finding.id);
    standing_.emplace_back(rank, std::move(found));
}

bool Ranking::is_explained_elsewhere(const MediumFinding& finding, const std::vector<Cause>& causes) const {
    bool known = false, of_this_machine = false, left_behind = false;
    for (const Cause& cause : causes) {
        if (!is_confirmed_by(cause, finding))
            continue;
        known = true;
        of_this_machine = of_this_machine || (is_for(cause.arches, evidence_.arch) &&
                                              includes(cause.firmwares, evidence_.firmware));
        left_behind =
            left_behind || (before_the_kernel(cause.stage) &&
                            (kernel_spoke_ || place_of_stage(cause.stage) < place_of_stage(evidence_.stage)));
    }
    return explained_.contains(finding.id) || (known && !of_this_machine) || left_behind;
}

void Ranking::consider_rest(const std::vector<Cause>& causes) {
    for (const MediumFinding& finding : evidence_.medium) {
        if (!finding.is_error || is_explained_elsewhere(finding, causes))
            continue;
        standing_.emplace_back(Rank{.kind = Rank::on_medium},
                               RankedCause{.id = "medium-" + finding.id,
                                           .stage = evidence_.stage,
                                           .cause = printable(finding.text),
                                           .fix = printable(finding.fix),
                                           .source = "lktest inspect",
                                           .evidence = {"on the medium: " + finding.text},
                                           .confirmed = false});
        explained_.insert(finding.id);
    }
}

std::vector<RankedCause> Ranking::take() {
    std::ranges::stable_sort(standing_,
                             [](const auto& a, const auto& b) { return a.first.key() < b.first.key(); });
    std::vector<RankedCause> ranked;
    for (auto& [rank, cause] : standing_)
        ranked.push_back(std::move(cause));
    return ranked;
}

}  // namespace

std::vector<RankedCause> rank_causes(const CauseEvidence& evidence, const std::vector<Cause>& causes,
                                     const std::vector<Failure>& failures) {
    Ranking ranking(evidence, failures);
    for (const Cause& cause : causes)
        ranking.consider(cause);
    ranking.consider_rest(causes);
    return ranking.take();
}

}  // namespace lktest
