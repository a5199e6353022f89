// SPDX-License-Identifier: MIT
#include "harness/report/digest.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace lktest {
namespace {

constexpr std::size_t most_annotations = 10, most_in_table = 200, most_failures = 50, most_evidence = 30;

bool is_bad(const SavedCell& cell) {
    return cell.bootable() && !cell.passed();
}

std::string outcome_of(const SavedCell& cell) {
    return cell.outcome.empty() ? "not run" : cell.outcome;
}

/// Printable text that Markdown and the HTML in it take for words.
std::string for_markdown(std::string_view text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
            case '<': out += "&lt;"; break;
            case '>': out += "&gt;"; break;
            case '&': out += "&amp;"; break;
            case '@': out += "&#64;"; break;  // mentions nobody
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

/// The data of a workflow command (github.com/actions/toolkit, packages/core/src/command.ts). Other
/// runners may find their own commands in it, so these are broken too.
std::string for_command(std::string_view text, bool property) {
    std::string out;
    for (const char c : without_commands(text)) {
        if (c == '%' || c == '\r' || c == '\n' || (property && (c == ':' || c == ',')))
            out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        else
            out += c;
    }
    return out;
}

const char* glyph(const SavedCell& cell) {
    if (cell.passed())
        return "✅";
    if (!cell.bootable())
        return "–";
    return cell.failed() ? "❌" : "⚪";
}

std::string failure_markdown(const SavedCell& cell) {
    std::string text = fmt::format("- ❌ **{}** {}", for_markdown(cell.name), for_markdown(outcome_of(cell)));
    if (!cell.reason.empty())
        text += fmt::format(": {}", for_markdown(cell.reason));
    if (!cell.hint.empty())
        text += fmt::format("  \n  {}", for_markdown(cell.hint));
    if (!cell.evidence.empty()) {
        text += "\n  <details><summary>evidence</summary><pre>";
        for (std::size_t i = 0; i < std::min(cell.evidence.size(), most_evidence); ++i)
            text += for_html(cell.evidence[i]) + "&#10;";  // a blank line would end the block
        text += "</pre></details>";
    }
    if (!cell.reproduce.empty())
        text += fmt::format("\n  <pre>{}</pre>", for_html(cell.reproduce));
    return text + "\n";
}

}  // namespace

std::string text_digest(const SavedRun& run, const Style& style) {
    std::string text;
    for (const SavedCell& cell : run.cells) {
        if (!is_bad(cell))
            continue;
        text +=
            paint({{"✗", Tone::bad}, {" " + cell.name, Tone::strong}, {"  " + outcome_of(cell), Tone::bad}},
                  style, style.width) +
            "\n";
        if (!cell.reason.empty())
            text += paint({{"    " + cell.reason}}, style) + "\n";
        if (!cell.reproduce.empty())
            text += paint({{"    " + cell.reproduce, Tone::dim}}, style) + "\n";
    }
    const bool good = exit_status(run) == 0;
    return text +
           paint({{good ? "✓" : "✗", good ? Tone::good : Tone::bad}, {" " + counts_line(run), Tone::strong}},
                 style) +
           "\n";
}

std::string markdown_digest(const SavedRun& run) {
    std::string text =
        fmt::format("### {} lktest: {}\n\n", exit_status(run) == 0 ? "✅" : "❌", counts_line(run));
    std::size_t bad = 0;
    for (const SavedCell& cell : run.cells)
        if (is_bad(cell) && ++bad <= most_failures)
            text += failure_markdown(cell);
    if (bad > most_failures)
        text += fmt::format("- … and {} more\n", bad - most_failures);
    const auto shown = std::ranges::count_if(run.cells, &SavedCell::bootable);
    if (static_cast<std::size_t>(shown) > most_in_table)
        return text;
    text += "\n| cell | | reached | seconds |\n|---|---|---|---:|\n";
    for (const SavedCell& cell : run.cells)
        if (cell.bootable())
            text += fmt::format("| {} | {} {} | {} | {:.1f} |\n", for_markdown(cell.name), glyph(cell),
                                for_markdown(outcome_of(cell)), for_markdown(cell.reached), cell.seconds);
    return text;
}

std::string tap_digest(const SavedRun& run) {
    std::string text = fmt::format("TAP version 13\n1..{}\n", run.cells.size());
    std::size_t number = 0;
    for (const SavedCell& cell : run.cells) {
        ++number;
        std::string name;  // '#' would begin a directive
        for (const char c : cell.name)
            name += c == '#' ? "\\#" : std::string(1, c);
        const bool ok = cell.passed() || !cell.bootable();
        text += fmt::format("{} {} - {}", ok ? "ok" : "not ok", number, name);
        if (!cell.bootable())
            text += fmt::format(" # SKIP {}", cell.reason);
        text += "\n";
        if (ok)
            continue;
        // A YAML block; JSON's strings are YAML's.
        text += fmt::format("  ---\n  outcome: {}\n", json_output(outcome_of(cell)));
        for (const auto& [key, value] :
             {std::pair("reason", cell.reason), std::pair("reached", cell.reached),
              std::pair("missing", cell.missing), std::pair("again", cell.reproduce)})
            if (!value.empty())
                text += fmt::format("  {}: {}\n", key, json_output(value));
        text += "  ...\n";
    }
    return text;
}

std::string github_annotations(const SavedRun& run) {
    std::string text;
    std::size_t number = 0;
    for (const SavedCell& cell : run.cells) {
        if (!is_bad(cell) || ++number > most_annotations)
            continue;
        std::string message = cell.reason.empty() ? outcome_of(cell) : cell.reason;
        if (!cell.reproduce.empty())
            message += "\n" + cell.reproduce;
        text += fmt::format("::error title={}::{}\n",
                            for_command(fmt::format("{} {}", cell.name, outcome_of(cell)), true),
                            for_command(message, false));
    }
    return text;
}

}  // namespace lktest
