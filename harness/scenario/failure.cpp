// SPDX-License-Identifier: MIT
#include "harness/scenario/failure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "builder/base/re2_text.hpp"
#include "harness/scenario/patterns.hpp"

namespace lktest {
namespace {

/// The outcomes that a line can have: those that blame the medium.
struct LineOutcomes {
    std::vector<Outcome> outcomes;
    std::vector<std::string_view> names;

    LineOutcomes() {
        for (int i = 0; i <= static_cast<int>(Outcome::host_setup); ++i)
            if (const auto outcome = static_cast<Outcome>(i);
                class_of(outcome) == OutcomeClass::product_failure) {
                outcomes.push_back(outcome);
                names.push_back(name(outcome));
            }
    }
};

/// `\N` in the reason must name a group of every pattern.
void check_reason(TableReader& table, const Failure& failure) {
    RE2::Options options;
    options.set_log_errors(false);
    for (const Pattern& pattern : failure.patterns) {
        std::string why;
        if (!pattern->CheckRewriteString(failure.reason, &why))
            return table.complain("reason", fmt::format("'reason' does not fit its pattern: {}", why),
                                  "\\1 is the first (group) of the pattern; a backslash is written \\\\");
    }
}

Failure read_failure(TomlSource& source, const toml::table& values, const LineOutcomes& known) {
    TableReader table(source, values, "[[failure]]");
    Failure failure;
    failure.place = source.place(values.source());
    failure.name = table.string("name").value_or("failure-line");
    failure.patterns = read_patterns(source, table, "pattern");
    if (!table.has("pattern"))
        table.complain("pattern", "'pattern' is missing in [[failure]]");
    failure.view = read_view(table);
    failure.kernel = table.boolean("kernel").value_or(false);
    failure.warning = table.boolean("warning").value_or(false);
    failure.tentative = table.boolean("tentative").value_or(false);
    constexpr std::array<std::string_view, 2> reports{"head", "part"};
    if (const auto report = table.one_of("report", reports))
        failure.report = *report == 0 ? KernelReport::head : KernelReport::part;
    if (const auto outcome = table.one_of("outcome", known.names))
        failure.outcome = known.outcomes[*outcome];
    failure.reason = table.string("reason").value_or("");
    failure.hint = table.string("hint").value_or("");
    failure.harmless = read_patterns(source, table, "harmless");
    if (failure.kernel && failure.view != View::lines)
        table.complain("view", "a kernel failure is matched on whole lines only");
    if (failure.warning && failure.tentative)
        table.complain("tentative", "a warning never ends a boot, so it cannot be tentative");
    check_reason(table, failure);
    table.finish();
    return failure;
}

}  // namespace

std::vector<Failure> read_failure_tables(TomlSource& source, const std::vector<const toml::table*>& tables) {
    const LineOutcomes known;
    std::vector<Failure> failures;
    failures.reserve(tables.size());
    for (const toml::table* table : tables)
        failures.push_back(read_failure(source, *table, known));
    return failures;
}

std::string reason_in(const Failure& failure, std::string_view matched) {
    std::string reason;
    for (const Pattern& pattern : failure.patterns)
        if (!failure.reason.empty() && re2::RE2::Extract(to_re2(matched), *pattern, failure.reason, &reason))
            return reason;
    return std::string(matched);
}

}  // namespace lktest
