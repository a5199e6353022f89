// SPDX-License-Identifier: MIT
#include "harness/cli/doctor.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "builder/base/error.hpp"
#include "builder/base/printable.hpp"
#include "harness/cli/doctor_checks.hpp"
#include "harness/cli/option.hpp"
#include "harness/report/grid.hpp"
#include "harness/terminal/terminal.hpp"

namespace lktest {
namespace {

Span mark_of(Finding::Kind kind) {
    switch (kind) {
        case Finding::Kind::good: return mark(OutcomeClass::passed);
        case Finding::Kind::warning: return mark(OutcomeClass::host_failure);
        case Finding::Kind::fault: return mark(OutcomeClass::product_failure);
    }
    return {};
}

std::size_t how_many(const std::vector<Finding>& findings, Finding::Kind kind) {
    return static_cast<std::size_t>(std::ranges::count(findings, kind, &Finding::kind));
}

std::string conclusion(const std::vector<Finding>& findings) {
    const std::size_t faults = how_many(findings, Finding::Kind::fault);
    if (faults == 0)
        return "This machine can build and boot live media.";
    return fmt::format("{} to fix. Then run lktest doctor again.", counted(faults, "problem"));
}

}  // namespace

std::string render(const std::vector<Finding>& findings, const Style& style) {
    std::size_t subject = 0;
    for (const Finding& finding : findings)
        subject = std::max(subject, columns(finding.subject));
    const std::size_t margin = 2 + subject + 2;
    const std::size_t room = std::max(style.width, margin + 20) - margin;
    std::string text;
    const auto add = [&](Line line) { text += paint(line, style) + "\n"; };
    for (const Finding& finding : findings) {
        const std::vector<std::string> said = wrap(printable(finding.text), room);
        add({mark_of(finding.kind),
             {" " + finding.subject + std::string(subject + 2 - columns(finding.subject), ' ')},
             {said.empty() ? "" : said.front()}});
        for (std::size_t i = 1; i < said.size(); ++i)
            add({{std::string(margin, ' ') + said[i]}});
        for (const std::string& line : wrap(printable(finding.remedy), room))
            add({{std::string(margin, ' ')}, {line, Tone::busy}});
    }
    text += "\n";
    const bool good = how_many(findings, Finding::Kind::fault) == 0;
    add({mark_of(good ? Finding::Kind::good : Finding::Kind::fault),
         {" " + conclusion(findings), Tone::strong}});
    return text;
}

void add_doctor(CLI::App& app, DoctorOptions& options) {
    add_single(app, "--output", "DIR", "directory for the results of runs", options.output.string(),
               [&options](const std::string& word) { options.output = word; });
}

int doctor(const DoctorOptions& options) {
    const std::vector<Finding> findings = examine(options);
    fmt::print("{}", render(findings, style_of(stdout)));
    const bool good = how_many(findings, Finding::Kind::fault) == 0;
    return static_cast<int>(good ? ExitCode::passed : ExitCode::host);
}

}  // namespace lktest
