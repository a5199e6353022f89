// SPDX-License-Identifier: MIT
#include "harness/diagnose/causes.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <limits>
#include <tuple>

#include "builder/base/file.hpp"
#include "builder/base/toml_reader.hpp"
#include "harness/console/rules.hpp"
#include "harness/console/saved_log.hpp"
#include "harness/scenario/names.hpp"
#include "harness/scenario/patterns.hpp"

namespace lktest {
namespace {

constexpr std::array<std::string_view, 6> stages{"firmware", "secure-boot", "boot-loader",
                                                 "kernel",   "initramfs",   "userspace"};
constexpr std::size_t nowhere = std::numeric_limits<std::size_t>::max();

bool contains(const std::vector<std::string>& names, std::string_view name) {
    return std::ranges::find(names, name) != names.end();
}

/// Whether a cause is one of this machine's; `wanted` empty: of all.
template <typename Value>
bool is_for(const std::vector<Value>& wanted, Value machine) {
    return wanted.empty() || std::ranges::find(wanted, machine) != wanted.end();
}

bool before_the_kernel(std::string_view stage) {
    return std::ranges::find(stages, stage) < std::ranges::find(stages, "kernel");
}

bool matches(const std::vector<Pattern>& patterns, std::string_view text) {
    return std::ranges::any_of(
        patterns, [&](const Pattern& pattern) { return re2::RE2::PartialMatch(text, *pattern); });
}

Cause read_cause(TomlSource& source, const toml::table& values) {
    TableReader table(source, values, "[[cause]]");
    Cause cause;
    cause.id = table.required_string("id");
    if (const auto stage = table.one_of("stage", stages))
        cause.stage = stages[*stage];
    cause.arches = read_names(source, table, "arch", all_arches);
    cause.firmwares = read_names(source, table, "firmware", all_firmwares);
    cause.failures = table.strings("failure");
    cause.patterns = read_patterns(source, table, "pattern");
    cause.without = read_patterns(source, table, "without");
    cause.findings = table.strings("finding");
    cause.silences = table.strings("silence");
    cause.signs = table.strings("sign");
    cause.lasting = table.boolean("lasting").value_or(false);
    cause.consequence = table.boolean("consequence").value_or(false);
    cause.cause = table.required_string("cause");
    cause.fix = table.required_string("fix");
    cause.source = table.required_string("source");
    table.finish();
    return cause;
}

/// A line, and the failure of the catalogue that it is; empty: none.
struct ReadLine {
    SavedLine line;
    std::string failure;
};

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
        // Of two that match the same line the first counts.
        std::string failure = hits.empty() ? "" : rules.failures()[hits.front().index].name;
        read.push_back({std::move(line), std::move(failure)});
    }
    return read;
}

/// The first line that shows the cause; `nowhere` when none does.
std::size_t first_line(const Cause& cause, const std::vector<ReadLine>& lines) {
    for (std::size_t i = 0; i < lines.size(); ++i)
        if (contains(cause.failures, lines[i].failure) || matches(cause.patterns, lines[i].line.said()))
            return i;
    return nowhere;
}

/// Whether what was found on the medium confirms the cause.
bool tells_of(const Cause& cause, const MediumFinding& finding) {
    return std::ranges::any_of(cause.findings, [&](std::string_view wanted) {
        const std::size_t end = std::min(wanted.find(' '), wanted.size());
        if (wanted.substr(0, end) != finding.id)
            return false;
        const std::string word(wanted.substr(std::min(end + 1, wanted.size())));
        return word.empty() ||
               re2::RE2::PartialMatch(finding.text, "\\b" + re2::RE2::QuoteMeta(word) + "\\b");
    });
}

/// Why a cause stands where it does in the list; what compares less comes first.
struct Rank {
    bool consequence = false;
    bool by_medium_only = false;
    int doubt = 0;  ///< 0: the medium confirms it; 1: it needs no confirmation; 2: it found none
    std::size_t line = nowhere;

    auto key() const { return std::tuple(consequence, by_medium_only, doubt != 0, line, doubt); }
};

}  // namespace

std::vector<Cause> read_causes(const std::filesystem::path& file) {
    TomlSource source{.file = file.string(), .text = read_file(file), .problems = {}};
    const toml::table values = parse_toml(source);
    throw_problems(source.problems, source.text);
    TableReader top(source, values, "");
    std::vector<Cause> causes;
    for (const toml::table* cause : top.tables("cause"))
        causes.push_back(read_cause(source, *cause));
    top.finish();
    throw_problems(source.problems, source.text);
    return causes;
}

std::vector<RankedCause> rank_causes(const CauseEvidence& evidence, const std::vector<Cause>& causes,
                                     const std::vector<Failure>& failures) {
    const std::vector<ReadLine> lines = read_lines(evidence.lines, failures);
    const bool kernel_spoke = std::ranges::any_of(
        lines, [](const ReadLine& read) { return read.line.writer == SavedLine::Writer::kernel; });
    std::vector<std::pair<Rank, RankedCause>> standing;
    for (const Cause& cause : causes) {
        if (!is_for(cause.arches, evidence.arch) || !is_for(cause.firmwares, evidence.firmware))
            continue;
        // What firmware and loader had said did no harm once a kernel runs, with few exceptions.
        const bool harmless = kernel_spoke && before_the_kernel(cause.stage);
        if (harmless && !cause.lasting)
            continue;
        if (std::ranges::any_of(
                lines, [&](const ReadLine& read) { return matches(cause.without, read.line.said()); }))
            continue;
        RankedCause found{.id = cause.id,
                          .stage = cause.stage,
                          .cause = cause.cause,
                          .fix = cause.fix,
                          .source = cause.source,
                          .evidence = {},
                          .confirmed = false};
        Rank rank{.consequence = cause.consequence};
        std::vector<std::string> signs;
        rank.line = first_line(cause, lines);
        for (const Sign& sign : evidence.signs)
            if (contains(cause.signs, sign.name))
                signs.push_back("seen from outside: " + sign.text);
        // Beside lines a sign confirms what one of them says; alone it is enough.
        const bool by_sign = !signs.empty() && cause.failures.empty() && cause.patterns.empty();
        const bool silent = by_sign || contains(cause.silences, evidence.silence);
        if (rank.line != nowhere)
            found.evidence.push_back(lines[rank.line].line.text);
        for (const MediumFinding& finding : evidence.medium)
            if (tells_of(cause, finding)) {
                found.confirmed = true;
                found.evidence.push_back("on the medium: " + finding.text);
            }
        rank.by_medium_only = rank.line == nowhere && !silent;
        const bool shown_elsewhere = !cause.failures.empty() || !cause.patterns.empty() ||
                                     !cause.silences.empty() || !cause.signs.empty();
        // Its lines may be still to come; but what is wrong on the medium where the boot ended is near.
        const bool elsewhere = shown_elsewhere && cause.stage != evidence.stage;
        if (rank.by_medium_only && (!found.confirmed || elsewhere || kernel_spoke))
            continue;
        if (harmless && !found.confirmed)
            continue;
        found.evidence.insert(found.evidence.end(), signs.begin(), signs.end());
        found.confirmed = found.confirmed || (!signs.empty() && !by_sign);
        const bool unconfirmed = !cause.findings.empty() || (!cause.signs.empty() && !by_sign);
        rank.doubt = found.confirmed ? 0 : (!unconfirmed || !cause.without.empty()) ? 1 : 2;
        standing.emplace_back(rank, std::move(found));
    }
    std::ranges::stable_sort(standing,
                             [](const auto& a, const auto& b) { return a.first.key() < b.first.key(); });
    std::vector<RankedCause> ranked;
    for (auto& [rank, cause] : standing)
        ranked.push_back(std::move(cause));
    return ranked;
}

bool medium_can_tell(const std::vector<RankedCause>& ranked, const std::vector<Cause>& causes) {
    if (ranked.empty())
        return true;
    return std::ranges::any_of(causes, [&](const Cause& cause) {
        return !cause.findings.empty() && std::ranges::any_of(ranked, [&](const RankedCause& standing) {
            return standing.id == cause.id;
        });
    });
}

}  // namespace lktest
