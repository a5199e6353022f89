// SPDX-License-Identifier: MIT
#include "harness/report/text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "builder/base/printable.hpp"
#include "harness/report/grid.hpp"

namespace lktest {
namespace {

constexpr std::size_t indent = 2, label_width = 10;
constexpr std::size_t longest_line = 400;  // columns of a guest's line; a screenful is enough

/// Collects the lines of a report as they will be printed.
class Page {
public:
    explicit Page(const Style& style) : style_(style) {}

    /// @param fit  clip the line to the page
    void add(const Line& line, bool fit = true) {
        text_ += paint(line, style_, fit ? style_.width : 0) + "\n";
    }
    void blank() { text_ += "\n"; }

    /// "  reached   boot-loader": text that is broken at spaces into lines of the page's width.
    void field(std::string_view label, std::string_view text, Tone tone = Tone::plain) {
        for (const std::string& line : wrap(text, room()))
            add({head(std::exchange(label, "")), {line, tone}}, false);
    }

    /// Rows of a quotation, as quoted() or clipped() gives them.
    void quote(std::string_view label, const std::vector<std::string>& rows) {
        for (const std::string& row : rows)
            add({head(std::exchange(label, "")), {row}}, false);
    }
    /// Every space of the text stays; the rest of a long line is set in.
    std::vector<std::string> quoted(std::string_view text) const {
        std::vector<std::string> rows = fold(text, room() - 2);
        for (std::size_t i = 1; i < rows.size(); ++i)
            rows[i].insert(0, "  ");
        return rows;
    }
    std::string clipped(std::string_view text) const { return clip(text, room()); }

    /// Never broken or clipped: a path or a command, for copying.
    void verbatim(std::string_view label, const std::string& text) { add({head(label), {text}}, false); }

    void add(Page&& page) { text_ += page.take(); }
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

void add_matrix(Page& page, const RunReport& report, const Style& style) {
    std::vector<CellBox> boxes;
    boxes.reserve(report.cells.size());
    for (const CellResult& result : report.cells)
        boxes.push_back({result.cell, box_of(result)});
    for (const Line& line : draw(arrange(boxes), style))
        page.add(line);

    std::vector<std::string> notes;
    for (const CellResult& result : report.cells) {
        if (!result.verdict || result.verdict->outcome != Outcome::not_applicable)
            continue;
        std::string note = fmt::format("– {} × {}: {}", name(result.cell.arch), name(result.cell.firmware),
                                       printable(result.verdict->reason));
        if (std::ranges::find(notes, note) == notes.end())
            notes.push_back(std::move(note));
    }
    for (const std::string& note : notes)
        page.add({{note, Tone::dim}});
}

std::string progress_of(const Verdict& verdict) {
    const std::string reached = printable(verdict.reached), missing = printable(verdict.missing);
    if (reached.empty() && missing.empty())
        return "";
    const std::string got = reached.empty() ? "no milestone" : reached;
    return missing.empty() ? got : fmt::format("{}, then waited for {}", got, missing);
}

/// Whether a verdict's evidence is what was said last, and not what a failure began with.
bool ends_with_the_newest(Outcome outcome) {
    using enum Outcome;
    return outcome == silent || outcome == at_prompt || outcome == milestone_deadline ||
           outcome == powered_off || outcome == reboot_loop;
}

/// As much of the evidence as `room` lines of the page hold: all of it, or its lines clipped, and not all.
void add_evidence(Page& page, const Verdict& verdict, std::size_t room) {
    std::vector<std::string> rows;
    for (const std::string& line : verdict.evidence)
        for (std::string& row : page.quoted(clip(printable(line), longest_line)))
            rows.push_back(std::move(row));
    if (rows.size() <= room) {
        page.quote("evidence", rows);
        return;
    }
    rows.clear();
    for (const std::string& line : verdict.evidence)
        rows.push_back(page.clipped(printable(line)));
    const bool newest = ends_with_the_newest(verdict.outcome);
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

void add_failure(Page& page, const RunReport& report, const CellResult& result, const Style& style) {
    const Verdict& verdict = *result.verdict;
    const Span marked = mark(class_of(verdict.outcome));
    Page before(style), after(style);
    before.add(
        {marked,
         {" " + name(result.cell), Tone::strong},
         {fmt::format("  {} after {}", name(verdict.outcome), short_time(verdict.took)), marked.tone}});
    if (!verdict.reason.empty())
        before.field("reason", printable(verdict.reason));
    if (const std::string progress = progress_of(verdict); !progress.empty())
        before.field("reached", progress);
    if (!verdict.hint.empty())
        after.field("hint", printable(verdict.hint));
    if (!result.artefacts.empty())
        after.verbatim("files", printable((report.directory / name(result.cell)).string()) + "/");
    if (!result.reproduce.empty())
        after.verbatim("again", printable(result.reproduce));
    page.blank();
    const std::size_t told = before.lines() + after.lines();
    page.add(std::move(before));
    add_evidence(page, verdict, section_limit - std::min(told, section_limit));
    page.add(std::move(after));
}

/// What there is to say of a cell that passed: a rate, the least memory, how it was refused.
void add_remark(Page& page, const CellResult& result) {
    page.blank();
    page.add({mark(OutcomeClass::passed), {" " + name(result.cell), Tone::strong}});
    page.field("because", printable(result.verdict->reason));
}

/// "kernel only by kernel-log, userspace only by tty1": what an ISO's author has not put on the serial
/// console.
std::string seen_elsewhere(const CellResult& result) {
    const auto beside = [](Source source) {
        return source == Source::kernel_log || source == Source::display || source == Source::tty1;
    };
    std::vector<std::string> said;
    for (const MilestoneTime& milestone : result.milestones)
        if (!milestone.sources.empty() && std::ranges::all_of(milestone.sources, beside))
            said.push_back(fmt::format("{} only by {}", milestone.name, name(milestone.sources.front())));
    return fmt::format("{}", fmt::join(said, ", "));
}

/// "2 of 3 cells passed: 1 failed", "1 not applicable", "62.4s".
std::string summary(const RunReport& report) {
    const Counts counts = count(report);
    std::vector<std::string> others;
    const auto add = [&others](std::size_t number, std::string_view what) {
        if (number > 0)
            others.push_back(fmt::format("{} {}", number, what));
    };
    add(counts.failed, "failed");
    add(counts.tolerated, "tolerated");
    add(counts.host_faults, counts.host_faults == 1 ? "host fault" : "host faults");
    add(counts.cancelled, "cancelled");
    add(counts.unfinished, "not run");
    std::string text = fmt::format("{} of {} {} passed", counts.passed, counts.bootable(),
                                   counts.bootable() == 1 ? "cell" : "cells");
    if (!others.empty())
        text += fmt::format(" ({})", fmt::join(others, ", "));
    if (counts.not_applicable > 0)
        text += fmt::format(" · {} not applicable", counts.not_applicable);
    return text + " · " + short_time(report.took);
}

Span overall_mark(const Counts& counts) {
    if (counts.failed > 0)
        return mark(OutcomeClass::product_failure);
    if (counts.host_faults > 0)
        return mark(OutcomeClass::host_failure);
    if (counts.passed == counts.bootable())
        return mark(OutcomeClass::passed);
    return mark(counts.cancelled + counts.unfinished > 0 ? OutcomeClass::cancelled : OutcomeClass::tolerated);
}

}  // namespace

std::string text_matrix(const RunReport& report, const Style& style) {
    Page page(style);
    add_matrix(page, report, style);
    return page.take();
}

std::string text_report(const RunReport& report, const Style& style) {
    Page page(style);
    add_matrix(page, report, style);
    for (const CellResult& result : report.cells)
        if (const std::string elsewhere = seen_elsewhere(result); !elsewhere.empty())
            page.add({{fmt::format("– {}: {}", name(result.cell), elsewhere), Tone::dim}});
    for (const CellResult& result : report.cells) {
        if (!result.verdict)
            continue;
        const OutcomeClass outcome_class = class_of(result.verdict->outcome);
        if (outcome_class == OutcomeClass::product_failure || outcome_class == OutcomeClass::host_failure ||
            outcome_class == OutcomeClass::tolerated)
            add_failure(page, report, result, style);
        else if (outcome_class == OutcomeClass::passed && !result.verdict->reason.empty())
            add_remark(page, result);
    }
    page.blank();
    page.add({overall_mark(count(report)), {" " + summary(report), Tone::strong}});
    if (!report.directory.empty())
        page.add({{"  report: ", Tone::dim}, {printable(report.directory.string()) + "/"}}, false);
    return page.take();
}

}  // namespace lktest
