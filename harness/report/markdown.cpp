// SPDX-License-Identifier: MIT
#include "harness/report/markdown.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace lktest {
namespace {

using results::CellResult;

constexpr std::size_t most_in_table = 200, most_described = 50, most_evidence = 30;

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

const char* glyph(const CellResult& cell) {
    if (cell.passed())
        return "✅";
    if (!cell.bootable())
        return "–";
    if (cell.tolerated())
        return "⚠️";
    return cell.failed() ? "❌" : "⚪";
}

std::string describe(const CellResult& cell) {
    const results::Ending ending = cell.verdict.value_or(results::Ending());
    std::string text = fmt::format("- {} **{}** {}", glyph(cell), for_markdown(cell.cell.name),
                                   for_markdown(cell.outcome()));
    if (!ending.reason.empty())
        text += fmt::format(": {}", for_markdown(ending.reason));
    if (!ending.hint.empty())
        text += fmt::format("  \n  {}", for_markdown(ending.hint));
    if (!ending.evidence.empty()) {
        text += "\n  <details><summary>evidence</summary><pre>";
        for (std::size_t i = 0; i < std::min(ending.evidence.size(), most_evidence); ++i)
            text += for_html(ending.evidence[i]) + "&#10;";  // a blank line would end the block
        text += "</pre></details>";
    }
    if (!cell.reproduce.empty())
        text += fmt::format("\n  <pre>{}</pre>", for_html(cell.reproduce));
    return text + "\n";
}

std::string table_row(const CellResult& cell) {
    const results::Ending ending = cell.verdict.value_or(results::Ending());
    return fmt::format("| {} | {} {} | {} | {:.1f} |\n", for_markdown(cell.cell.name), glyph(cell),
                       for_markdown(cell.outcome()), for_markdown(ending.reached),
                       std::chrono::duration<double>(ending.took).count());
}

}  // namespace

std::string markdown_report(const results::Run& run) {
    std::string text = fmt::format("### {} lktest: {}\n\n", exit_code(run) == ExitCode::passed ? "✅" : "❌",
                                   counts_line(run));
    for (const std::string& line : changed_images(run))
        text += fmt::format("⚠️ {}\n\n", for_markdown(line));
    std::vector<const CellResult*> described;  // those that fail the run first
    for (const bool tolerated : {false, true})
        for (const CellResult& cell : run.cells)
            if (cell.bootable() && !cell.passed() && cell.tolerated() == tolerated)
                described.push_back(&cell);
    for (std::size_t i = 0; i < std::min(described.size(), most_described); ++i)
        text += describe(*described[i]);
    if (described.size() > most_described)
        text += fmt::format("- … and {} more\n", described.size() - most_described);
    if (count(run.cells).bootable() > most_in_table)
        return text;
    text += "\n| cell | | reached | seconds |\n|---|---|---|---:|\n";
    for (const CellResult& cell : run.cells)
        if (cell.bootable())
            text += table_row(cell);
    return text;
}

}  // namespace lktest
