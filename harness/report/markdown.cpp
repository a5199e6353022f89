// SPDX-License-Identifier: MIT
#include "harness/report/markdown.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "harness/results/compare.hpp"

namespace lktest {
namespace {

using results::CellResult;

/// A reader of a pull request sees this much; the page has the rest.
constexpr std::size_t most_lines = 20, most_evidence = 30, most_changed = 2;
constexpr std::size_t lines_of_a_cause = 4;  ///< with the line that counts the others
constexpr std::size_t most_values = 10;      ///< of a table's rows and columns

/// Printable text, escaped for Markdown and the HTML in it.
std::string for_markdown(std::string_view text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
            case '<': out += "&lt;"; break;
            case '>': out += "&gt;"; break;
            case '&': out += "&amp;"; break;
            case '@': out += "&#64;"; break;  // would mention a user
            case '\\':
            case '`':
            case '*':
            case '_':
            case '[':
            case ']':
            case '|':
            case '~':
            case '#':
            case '!': out += '\\'; [[fallthrough]];
            default: out += c;
        }
    }
    return out;
}

std::string for_html(std::string_view text) {
    std::string out;
    for (const char c : text)
        out += c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : std::string(1, c);
    return out;
}

std::string_view glyph(const CellResult& cell) {
    if (cell.passed())
        return "✅";
    if (!cell.bootable())
        return "–";
    if (cell.tolerated())
        return "⚠️";
    return cell.failed() ? "❌" : "⚪";
}

/// The first word of a comment, by which a job finds the comment that it wrote before.
constexpr std::string_view comment_mark = "<!-- lktest -->\n";

std::string_view state_shown_by(std::string_view mark) {
    return mark == "❌" ? "failed" : mark == "⚪" ? "not run" : "tolerated";
}

/// "✅ 8 passed", "❌ 2 of 8 failed": the worst class of these cells, and how many have it.
std::string summary(const std::vector<const CellResult*>& cells) {
    for (const std::string_view mark : {"❌", "⚪", "⚠️"}) {
        const auto found =
            std::ranges::count_if(cells, [&](const CellResult* cell) { return glyph(*cell) == mark; });
        if (found > 0)
            return cells.size() == 1
                       ? fmt::format("{} {}", mark, for_markdown(cells.front()->outcome()))
                       : fmt::format("{} {} of {} {}", mark, found, cells.size(), state_shown_by(mark));
    }
    if (cells.empty())
        return "–";
    return cells.size() == 1 ? "✅ passed" : fmt::format("✅ {} passed", cells.size());
}

/// The matrix: a row for each architecture, a column for each firmware.
std::vector<std::string> table(const results::Run& run) {
    std::vector<std::string> arches, firmwares;
    std::map<std::pair<std::string_view, std::string_view>, std::vector<const CellResult*>> boxes;
    for (const CellResult& cell : run.cells) {
        if (!cell.bootable())
            continue;
        for (auto& [values, value] :
             {std::pair(&arches, &cell.cell.arch), std::pair(&firmwares, &cell.cell.firmware)})
            if (std::ranges::find(*values, *value) == values->end())
                values->push_back(*value);
        boxes[{cell.cell.arch, cell.cell.firmware}].push_back(&cell);
    }
    if (arches.size() + firmwares.size() > most_values)
        return {};
    std::vector<std::string> lines{"| |", "|---|"};
    for (const std::string& firmware : firmwares) {
        lines[0] += fmt::format(" {} |", for_markdown(firmware));
        lines[1] += "---|";
    }
    for (const std::string& arch : arches) {
        lines.push_back(fmt::format("| {} |", for_markdown(arch)));
        for (const std::string& firmware : firmwares)
            lines.back() += fmt::format(" {} |", summary(boxes[{arch, firmware}]));
    }
    lines.emplace_back();
    return lines;
}

/// Cells that ended in the same way for the same reason.
struct Cause {
    const CellResult* first;
    std::vector<std::string> cells;
};

/// Those that fail the run first.
std::vector<Cause> causes(const results::Run& run) {
    std::vector<Cause> found;
    const auto key = [](const CellResult& cell) {
        const results::Ending ending = cell.verdict.value_or(results::Ending());
        return std::tuple(cell.outcome(), ending.reason, ending.hint);
    };
    for (const bool tolerated : {false, true})
        for (const CellResult& cell : run.cells) {
            if (!cell.bootable() || cell.passed() || cell.tolerated() != tolerated)
                continue;
            auto same = std::ranges::find_if(
                found, [&](const Cause& cause) { return key(*cause.first) == key(cell); });
            if (same == found.end())
                same = found.insert(found.end(), {&cell, {}});
            same->cells.push_back(cell.cell.name);
        }
    return found;
}

std::string names(const std::vector<std::string>& cells) {
    constexpr std::size_t most = 3;
    std::string text;
    for (std::size_t i = 0; i < std::min(cells.size(), most); ++i)
        text += (i > 0 ? ", " : "") + for_markdown(cells[i]);
    return cells.size() > most ? fmt::format("{} and {} more", text, cells.size() - most) : text;
}

/// An item of a list: what happened where, what to do, and the evidence, folded.
std::vector<std::string> describe(const Cause& cause) {
    const CellResult& cell = *cause.first;
    const results::Ending ending = cell.verdict.value_or(results::Ending());
    std::vector<std::string> lines{
        fmt::format("- {} **{}**{}{} ({})", glyph(cell), for_markdown(cell.outcome()),
                    ending.reason.empty() ? "" : ": ", for_markdown(ending.reason), names(cause.cells))};
    if (const std::string attempts = results::failed_attempts(ending); !attempts.empty())
        lines.back() += ", " + attempts;
    std::string remedy = for_markdown(ending.hint);
    if (!cell.reproduce.empty())
        remedy += fmt::format("{}<code>{}</code>", remedy.empty() ? "" : " · ", for_html(cell.reproduce));
    if (!remedy.empty()) {
        lines.back() += "  ";  // a line break
        lines.push_back("  " + remedy);
    }
    if (!ending.evidence.empty()) {
        std::string evidence;
        for (std::size_t i = 0; i < std::min(ending.evidence.size(), most_evidence); ++i)
            evidence += for_html(ending.evidence[i]) + "&#10;";  // a blank line would end the block
        lines.push_back(
            fmt::format("  <details><summary>evidence</summary><pre>{}</pre></details>", evidence));
    }
    return lines;
}

/// "Since the base run: 2 newly failing (…), 1 fixed (…)".
std::string since(const results::Run& base, const results::Run& run) {
    const results::Comparison found = results::compare(base, run);
    std::vector<std::string> parts;
    const auto add = [&](const std::vector<results::Comparison::Change>& changes, std::string_view what) {
        std::vector<std::string> cells;
        for (const results::Comparison::Change& change : changes)
            cells.push_back(change.cell);
        if (!cells.empty())
            parts.push_back(fmt::format("{} {} ({})", cells.size(), what, names(cells)));
    };
    add(found.newly_failing, "newly failing");
    add(found.fixed, "fixed");
    add(found.still_failing, "still failing");
    if (!found.added.empty())
        parts.push_back(fmt::format("{} new", found.added.size()));
    if (!found.gone.empty())
        parts.push_back(fmt::format("{} gone", found.gone.size()));
    if (!found.slower.empty())
        parts.push_back(fmt::format("{} slower in a stage", found.slower.size()));
    return fmt::format("Since the run of {}: {}", results::utc_time(base.started),
                       parts.empty() ? "no change" : fmt::format("{}", fmt::join(parts, ", ")));
}

/// @param room  the most lines
std::string report_in(std::size_t room, const results::Run& run, const results::Run* base) {
    std::vector<std::string> lines{
        fmt::format("### {} lktest: {}", exit_code(run) == ExitCode::passed ? "✅" : "❌", counts_line(run)),
        ""};
    const auto add = [&lines](const std::vector<std::string>& more) {
        lines.insert(lines.end(), more.begin(), more.end());
    };
    const std::vector<std::string> changed = changed_images(run);
    for (std::size_t i = 0; i < std::min(changed.size(), most_changed); ++i)
        add({fmt::format("⚠️ {}{}", for_markdown(changed[i]),
                         i + 1 == most_changed && changed.size() > most_changed
                             ? fmt::format(", and {} more images changed", changed.size() - most_changed)
                             : ""),
             ""});
    if (base)
        add({since(*base, run), ""});
    if (const std::vector<std::string> matrix = table(run);
        lines.size() + matrix.size() + lines_of_a_cause <= room)
        add(matrix);
    const std::vector<Cause> found = causes(run);
    std::size_t shown = 0;
    for (; shown < found.size(); ++shown) {
        const std::vector<std::string> item = describe(found[shown]);
        const std::size_t rest = shown + 1 < found.size() ? 1 : 0;  // a line that counts the others
        if (shown > 0 && lines.size() + item.size() + rest > room)
            break;
        add(item);
    }
    if (shown < found.size())
        lines.push_back(fmt::format("- … and {} more in the report", found.size() - shown));
    if (lines.back().empty())
        lines.pop_back();
    return fmt::format("{}\n", fmt::join(lines, "\n"));
}

}  // namespace

std::string markdown_report(const results::Run& run, const results::Run* base) {
    return report_in(most_lines, run, base);
}

std::string comment_report(const results::Run& run, const results::Run* base) {
    return std::string(comment_mark) + report_in(most_lines - 1, run, base);
}

}  // namespace lktest
