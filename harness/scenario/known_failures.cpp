// SPDX-License-Identifier: MIT
#include "harness/scenario/known_failures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "builder/base/file.hpp"
#include "builder/base/re2_text.hpp"
#include "harness/scenario/patterns.hpp"

namespace lktest {
namespace {

using std::chrono::year_month_day;

std::string day_text(year_month_day day) {
    return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(day.year()), static_cast<unsigned>(day.month()),
                       static_cast<unsigned>(day.day()));
}

/// "2027-01-31"; an invalid day if the text is not one.
year_month_day parse_day(const std::string& text) {
    int year = 0;
    unsigned month = 0, day = 0;
    if (text.size() == 10) {
        std::from_chars(text.data(), text.data() + 4, year);
        std::from_chars(text.data() + 5, text.data() + 7, month);
        std::from_chars(text.data() + 8, text.data() + 10, day);
    }
    const year_month_day parsed{std::chrono::year(year), std::chrono::month(month), std::chrono::day(day)};
    return day_text(parsed) == text ? parsed : year_month_day{};
}

Pattern read_pattern(TomlSource& source, TableReader& table, std::string_view key) {
    const std::vector<Pattern> patterns = read_patterns(source, table, key);
    if (patterns.size() > 1)
        table.complain(key, fmt::format("'{}' must be a single expression", key),
                       "write a [[known]] for each");
    return patterns.empty() ? nullptr : patterns.front();
}

KnownFailure read_known(TomlSource& source, const toml::table& values) {
    TableReader table(source, values, "[[known]]");
    KnownFailure known;
    known.place = source.place(values.source());
    known.cells = read_pattern(source, table, "cell");
    if (!table.has("cell"))
        table.complain("cell", "'cell' is missing in [[known]]",
                       R"(an expression for the cells' names: cell = 'boot\..*-uefi-usb')");
    known.failure = read_pattern(source, table, "failure");
    known.reason = table.required_string("reason");
    known.link = table.string("link").value_or("");
    const std::string day = table.required_string("expires");
    known.expires = parse_day(day);
    if (!day.empty() && !known.expires.ok())
        table.complain("expires", fmt::format("'{}' is not a day", day),
                       "the last day on which it is tolerated: expires = \"2027-01-31\"");
    table.finish();
    return known;
}

bool fails_so(const Pattern& failure, const Verdict& verdict) {
    const auto matches = [&failure](std::string_view text) {
        return re2::RE2::PartialMatch(to_re2(text), *failure);
    };
    return !failure || matches(name(verdict.outcome)) || matches(verdict.reason) ||
           std::ranges::any_of(verdict.evidence, matches);
}

}  // namespace

std::vector<KnownFailure> read_known_failures(const std::filesystem::path& file) {
    TomlSource source{.file = file.string(), .text = read_file(file), .problems = {}};
    const toml::table values = parse_toml(source);
    throw_problems(source.problems, source.text);
    TableReader table(source, values, "");
    std::vector<KnownFailure> known;
    for (const toml::table* one : table.tables("known"))
        known.push_back(read_known(source, *one));
    table.finish();
    throw_problems(source.problems, source.text);
    return known;
}

Verdict in_the_light_of(const std::vector<KnownFailure>& known, const BootCell& cell, Verdict verdict,
                        year_month_day today) {
    if (class_of(verdict.outcome) != OutcomeClass::product_failure)
        return verdict;
    const auto found = std::ranges::find_if(known, [&](const KnownFailure& one) {
        return re2::RE2::PartialMatch(name(cell), *one.cells) && fails_so(one.failure, verdict);
    });
    if (found == known.end())
        return verdict;
    const std::string words =
        found->link.empty() ? found->reason : fmt::format("{} ({})", found->reason, found->link);
    if (today > found->expires) {
        verdict.hint = fmt::format("it was tolerated until {}: {}; fix it, or set a later date in {}:{}",
                                   day_text(found->expires), words, found->place.file, found->place.line);
        return verdict;
    }
    verdict.reason = fmt::format("known until {}: {}; {}: {}", day_text(found->expires), words,
                                 name(verdict.outcome), verdict.reason);
    verdict.outcome = Outcome::known_failure;
    return verdict;
}

}  // namespace lktest
