// SPDX-License-Identifier: MIT
#include "harness/report/text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <utility>

#include "builder/base/printable.hpp"
#include "harness/report/grid.hpp"

namespace lktest {
namespace {

using results::CellResult;
using results::Ending;
using results::Run;
using results::short_time;

constexpr std::size_t indent = 2, label_width = 10;
constexpr std::size_t longest_line = 400;  // columns of a guest's line: about a screenful

/// Collects the lines of a report in printed form.
class Page {
public:
    explicit Page(const Style& style) : style_(style) {}

    /// @param fit  clip the line to the page
    void add(const Line& line, bool fit = true) {
        text_ += paint(line, style_, fit && style_.shorten ? style_.width : 0) + "\n";
    }
    void blank() { text_ += "\n"; }

    /// "  reached   boot-loader": text that is broken at spaces into lines of the page's width.
    void field(std::string_view label, std::string_view text, Tone tone = Tone::plain) {
        for (const std::string& line : wrap(text, room()))
            add({head(std::exchange(label, "")), {line, tone}}, false);
    }

    /// Rows of a quotation, from quoted() or clipped().
    void quote(std::string_view label, const std::vector<std::string>& rows) {
        for (const std::string& row : rows)
            add({head(std::exchange(label, "")), {row}}, false);
    }
    /// Keeps every space of the text; indents the rest of a long line.
    std::vector<std::string> quoted(std::string_view text) const {
        std::vector<std::string> rows = fold(text, room() - 2);
        for (std::size_t i = 1; i < rows.size(); ++i)
            rows[i].insert(0, "  ");
        return rows;
    }
    std::string clipped(std::string_view text) const { return clip(text, room()); }

    /// A sentence, broken into lines of the page's width, the later ones indented.
    std::vector<std::string> wrapped(std::string_view text) const {
        std::vector<std::string> lines = wrap(text, std::max<std::size_t>(style_.width, 40) - indent);
        for (std::size_t i = 1; i < lines.size(); ++i)
            lines[i].insert(0, indent, ' ');
        return lines;
    }

    /// A path or a command, never broken or clipped, so that it can be copied.
    void verbatim(std::string_view label, const std::string& text) { add({head(label), {text}}, false); }

    void add(Page&& page) { text_ += page.take(); }
    /// Whether nothing may be omitted.
    bool is_whole() const { return !style_.shorten; }
    std::size_t lines() const { return static_cast<std::size_t>(std::ranges::count(text_, '\n')); }
    std::string take() { return std::move(text_); }

private:
    static Span head(std::string_view label) {
        return {fmt::format("{:{}}{:{}}", "", indent, label, label_width), Tone::dim};
    }

    std::size_t room() const {
        constexpr std::size_t margin = indent + label_width, least = 20;
        return std::max(style_.width, margin + least) - margin;
    }

    Style style_;
    std::string text_;
};

Box box_of(const CellResult& result) {
    if (result.verdict)
        return box(*result.verdict);
    return {Tone::dim, "·", "not run", "", ""};
}

void add_matrix(Page& page, const Run& run, const Style& style) {
    std::vector<CellBox> boxes;
    boxes.reserve(run.cells.size());
    for (const CellResult& result : run.cells)
        boxes.push_back({result.cell, box_of(result)});
    for (const Line& line : draw(arrange(boxes), style))
        page.add(line);

    std::vector<std::string> notes;
    for (const CellResult& result : run.cells) {
        if (result.bootable())
            continue;
        std::string note =
            fmt::format("– {} × {}: {}", result.cell.arch, result.cell.firmware, result.verdict->reason);
        if (std::ranges::find(notes, note) == notes.end())
            notes.push_back(std::move(note));
    }
    for (const std::string& note : notes)
        page.add({{note, Tone::dim}});
}

std::string progress_of(const Ending& ending) {
    const std::string &reached = ending.reached, &missing = ending.missing;
    if (reached.empty() && missing.empty())
        return "";
    const std::string got = reached.empty() ? "no milestone" : reached;
    return missing.empty() ? got : fmt::format("{}, then waited for {}", got, missing);
}

/// Whether a verdict's evidence is the last output, instead of the beginning of a failure.
bool ends_with_the_newest(const Ending& ending) {
    using enum Outcome;
    constexpr std::array gradual{silent, at_prompt, milestone_deadline, powered_off, reboot_loop};
    return std::ranges::any_of(gradual, [&ending](Outcome outcome) { return ending.is(outcome); });
}

/// The evidence in at most `room` lines: all of it, or some of its lines, clipped.
void add_evidence(Page& page, const Ending& verdict, std::size_t room) {
    std::vector<std::string> rows;
    for (const std::string& line : verdict.evidence)
        for (std::string& row : page.quoted(page.is_whole() ? line : clip(line, longest_line)))
            rows.push_back(std::move(row));
    if (rows.size() <= room || page.is_whole()) {
        page.quote("evidence", rows);
        return;
    }
    rows.clear();
    for (const std::string& line : verdict.evidence)
        if (line.find_first_not_of(" \t\r") != line.npos)
            rows.push_back(page.clipped(line));
    if (rows.size() <= room) {
        page.quote("evidence", rows);
        return;
    }
    const bool newest = ends_with_the_newest(verdict);
    const std::size_t shown = std::min(rows.size(), std::max<std::size_t>(room, 2) - 1);
    const std::size_t left_out = rows.size() - shown;
    const std::string more = fmt::format("… {} {} {}: see files", left_out, newest ? "earlier" : "more",
                                         left_out == 1 ? "line" : "lines");
    if (newest) {
        page.field("evidence", more, Tone::dim);
        page.quote("", {rows.end() - static_cast<std::ptrdiff_t>(shown), rows.end()});
    } else {
        page.quote("evidence", {rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(shown)});
        page.field("", more, Tone::dim);
    }
}

/// Each boot of a cell that was booted again.
void add_attempts(Page& page, const Ending& verdict) {
    constexpr std::size_t most = 4;
    const std::vector<std::string> lines = results::attempt_lines(verdict);
    for (std::size_t i = 0; i < std::min(lines.size(), most); ++i)
        page.field(i == 0 ? "attempts" : "", lines[i]);
    if (lines.size() > most)
        page.field("", fmt::format("… {} more", lines.size() - most), Tone::dim);
}

void add_failure(Page& page, const Run& run, const CellResult& result, const Style& style) {
    const Ending& verdict = *result.verdict;
    const Span marked = mark(verdict.outcome_class);
    Page before(style), after(style);
    before.add({marked,
                {" " + result.cell.name, Tone::strong},
                {fmt::format("  {} after {}", verdict.outcome, short_time(verdict.took)), marked.tone}});
    if (!verdict.reason.empty())
        before.field("reason", verdict.reason);
    if (const std::string progress = progress_of(verdict); !progress.empty())
        before.field("reached", progress);
    add_attempts(before, verdict);
    if (!verdict.hint.empty())
        after.field("hint", verdict.hint);
    if (!result.artefacts.empty())
        after.verbatim("files", printable((run.directory / result.cell.name).string()) + "/");
    if (!result.reproduce.empty())
        after.verbatim("again", printable(result.reproduce));
    page.blank();
    const std::size_t told = before.lines() + after.lines();
    page.add(std::move(before));
    add_evidence(page, verdict, section_limit - std::min(told, section_limit));
    page.add(std::move(after));
}

/// The note on a passed cell: a rate, the least memory, how it was refused.
void add_remark(Page& page, const CellResult& result) {
    page.blank();
    page.add({mark(OutcomeClass::passed), {" " + result.cell.name, Tone::strong}});
    page.field("because", result.verdict->reason);
}

/// "kernel only by kernel-log, userspace only by tty1": the milestones that the ISO does not show on the
/// serial console.
std::string seen_elsewhere(const CellResult& result) {
    const auto beside = [](std::string_view source) {
        constexpr std::array others{Source::kernel_log, Source::display, Source::tty1};
        return std::ranges::any_of(others, [source](Source other) { return source == name(other); });
    };
    std::vector<std::string> said;
    for (const results::MilestoneTime& milestone : result.milestones)
        if (!milestone.sources.empty() && std::ranges::all_of(milestone.sources, beside))
            said.push_back(fmt::format("{} only by {}", milestone.name, milestone.sources.front()));
    return fmt::format("{}", fmt::join(said, ", "));
}

/// Each note once: "– 4 cells: Secure Boot trusts …".
void add_notes(Page& page, const Run& run) {
    struct Note {
        std::string text;
        std::vector<std::string> cells;
    };
    std::vector<Note> notes;
    for (const CellResult& result : run.cells)
        for (const std::string& text : result.notes) {
            const auto known = std::ranges::find(notes, text, &Note::text);
            if (known == notes.end())
                notes.push_back({text, {result.cell.name}});
            else
                known->cells.push_back(result.cell.name);
        }
    for (const auto& [text, cells] : notes)
        for (const std::string& line : page.wrapped(fmt::format(
                 "– {}: {}", cells.size() == 1 ? cells.front() : counted(cells.size(), "cell"), text)))
            page.add({{line, Tone::dim}}, false);
}

Span overall_mark(const results::Counts& counts) {
    if (counts.failed > 0)
        return mark(OutcomeClass::product_failure);
    if (counts.host_faults > 0)
        return mark(OutcomeClass::host_failure);
    if (counts.passed == counts.bootable())
        return mark(OutcomeClass::passed);
    return mark(counts.cancelled + counts.unfinished > 0 ? OutcomeClass::cancelled : OutcomeClass::tolerated);
}

}  // namespace

std::string text_matrix(const Run& run, const Style& style) {
    Page page(style);
    add_matrix(page, run, style);
    return page.take();
}

std::string text_report(const Run& run, const Style& style) {
    Page page(style);
    add_matrix(page, run, style);
    for (const CellResult& result : run.cells)
        if (const std::string elsewhere = seen_elsewhere(result); !elsewhere.empty())
            page.add({{fmt::format("– {}: {}", result.cell.name, elsewhere), Tone::dim}});
    add_notes(page, run);
    for (const CellResult& result : run.cells) {
        if (!result.verdict)
            continue;
        if (result.failed() || result.tolerated())
            add_failure(page, run, result, style);
        else if (result.passed() && !result.verdict->reason.empty())
            add_remark(page, result);
    }
    for (const std::string& line : changed_images(run))
        page.field("note", line, Tone::fault);
    page.blank();
    page.add({overall_mark(count(run.cells)),
              {" " + counts_line(run) + " · " + short_time(run.took), Tone::strong}});
    if (!run.directory.empty())
        page.add({{"  report: ", Tone::dim}, {printable(run.directory.string()) + "/"}}, false);
    return page.take();
}

}  // namespace lktest
