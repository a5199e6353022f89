// SPDX-License-Identifier: MIT
#include "harness/report/check_console_text.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "builder/base/json_text.hpp"
#include "builder/base/printable.hpp"

namespace lktest {
namespace {

constexpr std::size_t most_later = 20;
constexpr std::string_view userspace_stage = "userspace";  ///< of saved_log.toml

std::string stage_text(const CheckedLog& log) {
    return log.stage().empty() ? "nothing that is known" : log.stage();
}

/// "line 41  kernel-panic  kernel panic: Fatal exception"
Line later_line(const LogFinding& finding) {
    return {{finding.warning ? "! " : "✗ ", finding.warning ? Tone::fault : Tone::bad},
            {fmt::format("line {}  ", finding.line), Tone::dim},
            {finding.kind + "  "},
            {printable(finding.reason), Tone::dim}};
}

}  // namespace

std::string check_console_text(const std::string& file, const CheckedLog& log, const Style& style,
                               std::string_view fault) {
    std::string text;
    const auto print = [&](const Line& line, std::size_t width = 0) {
        text += paint(line, style, width) + "\n";
    };
    print({{printable(file), Tone::strong},
           {fmt::format("  {} · {}{}", counted(log.lines, "line"), counted(log.stages.size(), "boot"),
                        log.emulated ? " · an emulated machine" : "")}});
    if (log.recognized())
        print({{"reached  ", Tone::dim}, {stage_text(log)}});
    const LogFinding* first = log.first_failure();
    if (first) {
        print({});
        print({{"✗ ", Tone::bad},
               {first->kind, Tone::strong},
               {fmt::format("  line {}", first->line), Tone::dim}});
        print({{"  " + printable(first->reason)}});
        for (const std::string& line : first->lines)
            print({{"  │ ", Tone::dim}, {printable(line)}});
        if (!first->hint.empty())
            print({{"  fix: ", Tone::dim}, {first->hint, Tone::busy}});
    }
    const auto others = log.findings.size() - (first ? 1 : 0);
    if (others > 0)
        print({});
    std::size_t shown = 0;
    for (const LogFinding& finding : log.findings)
        if (&finding != first && shown++ < most_later)
            print(later_line(finding), style.width);
    if (others > most_later)
        print({{fmt::format("  and {} more: --json has them all", others - most_later), Tone::dim}});
    print({});
    if (!log.recognized()) {
        print({{"? ", Tone::fault},
               {fault.empty() ? "lktest recognized no line of it, so it cannot say anything about the boot"
                              : std::string(fault),
                Tone::strong}});
        print({{"  fix: ", Tone::dim},
               {"pass a text file: the console itself, or the output of dmesg, journalctl or syslog",
                Tone::busy}});
        return text;
    }
    const auto warnings =
        static_cast<std::size_t>(std::ranges::count(log.findings, true, &LogFinding::warning));
    // Excerpts and silent crashes end early too, so only a log that comes to userspace shows a good boot.
    const bool booted = !first && log.stage() == userspace_stage;
    print({first    ? Span{"✗", Tone::bad}
           : booted ? Span{"✓", Tone::good}
                    : Span{"–", Tone::dim},
           {fmt::format(" {}, {}", counted(log.findings.size() - warnings, "failure"),
                        counted(warnings, "warning")),
            Tone::strong},
           {first || booted ? "" : fmt::format("; the log ends at {}", stage_text(log))}});
    return text;
}

std::string check_console_json(const std::string& file, const CheckedLog& log) {
    Json findings = Json::array();
    for (const LogFinding& finding : log.findings)
        findings.push_back({{"kind", finding.kind},
                            {"warning", finding.warning},
                            {"boot", finding.boot + 1},
                            {"line", finding.line},
                            {"reason", json_text(finding.reason)},
                            {"fix", json_text(finding.hint)},
                            {"report", json_strings(finding.lines)}});
    const LogFinding* first = log.first_failure();
    const Json json = {{"schema", "lktest.console-check/1"},
                       {"file", json_text(file)},
                       {"lines", log.lines},
                       {"recognized", log.recognized()},
                       {"boots", log.stages.size()},
                       {"emulated", log.emulated},
                       {"stage", json_text(log.stage())},
                       {"failed", log.failed()},
                       {"first", first ? Json(first->kind) : Json()},
                       {"findings", findings}};
    return json_output(json) + "\n";
}

}  // namespace lktest
