// SPDX-License-Identifier: MIT
#include "harness/console/log_rules.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "builder/base/re2_text.hpp"

namespace lktest {
namespace {

std::string_view without_indentation(std::string_view said) {
    said.remove_prefix(std::min(said.find_first_not_of(" \t"), said.size()));
    return said;
}

}  // namespace

LogRules::LogRules(std::vector<Failure> failures, const LogWords& words) : failures_(std::move(failures)) {
    for (std::size_t i = 0; i < failures_.size(); ++i)
        for (const Pattern& pattern : failures_[i].patterns) {
            if (failures_[i].view == View::prompt) {
                prompts_.add(pattern, {Hit::Kind::failure, entries_.size()});
                entries_.push_back({Meaning::program_failure, i});
            } else if (failures_[i].view == View::lines) {
                const bool kernel = failures_[i].kernel;
                add(kernel ? Meaning::kernel_failure : Meaning::program_failure, i, pattern, kernel);
            }
        }
    for (std::size_t i = 0; i < words.last_words.size(); ++i)
        for (const Pattern& pattern : words.last_words[i].patterns)
            add(Meaning::last_words, i, pattern, false);
    for (std::size_t i = 0; i < words.at_end.size(); ++i)
        for (const Pattern& pattern : words.at_end[i].patterns)
            add(Meaning::at_end, i, pattern, false);
    for (std::size_t i = 0; i < words.stages.size(); ++i)
        for (const Pattern& pattern : words.stages[i].patterns)
            add(Meaning::stage, i, pattern, words.stages[i].kernel);
    const auto add_all = [this](Meaning meaning, const std::vector<Pattern>& patterns, bool anchored) {
        for (const Pattern& pattern : patterns)
            add(meaning, 0, pattern, anchored);
    };
    add_all(Meaning::report_open, words.report_open, true);
    add_all(Meaning::report_end, words.report_end, true);
    add_all(Meaning::banner, words.banner, true);
    add_all(Meaning::firmware, words.firmware, true);
    add_all(Meaning::announced, words.announced, false);
    add_all(Meaning::replayed, words.replayed, false);
    add_all(Meaning::entered_initramfs, words.in_initramfs, false);
    add_all(Meaning::left_initramfs, words.left_initramfs, false);
    for (std::size_t i = 0; i < words.handovers.size(); ++i)
        for (const Pattern& pattern : words.handovers[i].patterns)
            add(Meaning::handed_over, i, pattern, false);
    add_all(Meaning::boot_thing, words.boot_things, false);
    add_all(Meaning::root_mounted, words.root_mounted, true);
    add_all(Meaning::requested, words.requested, false);
    add_all(Meaning::manager, words.manager, false);
    add_all(Meaning::stopped_by_program, words.stopped_by_program, false);
    add_all(Meaning::emulated, words.emulated, true);
    add_all(Meaning::accelerated, words.accelerated, false);
    for (const Pattern& pattern : words.report_body)
        report_body_.add(pattern, {});
    for (PatternSet* set : {&lines_, &prompts_, &report_body_})
        set->compile();
}

void LogRules::add(Meaning meaning, std::size_t index, const Pattern& pattern, bool anchored) {
    const Pattern added =
        anchored ? std::make_shared<re2::RE2>("^(?:" + pattern->pattern() + ")", re2::RE2::Quiet) : pattern;
    lines_.add(added, {Hit::Kind::failure, entries_.size()});
    entries_.push_back({meaning, index});
}

std::vector<LogRules::Match> LogRules::meanings(const std::vector<Hit>& hits) const {
    std::vector<Match> found;
    for (const Hit& hit : hits)
        found.push_back(entries_[hit.index]);
    // Failures of the kernel and of programs keep the order of the catalogue.
    const auto order = [](const Match& match) {
        return std::tuple(match.meaning > Meaning::kernel_failure ? match.meaning : Meaning::program_failure,
                          match.index);
    };
    std::ranges::sort(found, [&](const Match& a, const Match& b) { return order(a) < order(b); });
    return found;
}

std::vector<LogRules::Match> LogRules::matches(std::string_view said) const {
    std::vector<Hit> hits = lines_.matches(said);
    const std::string_view text = without_indentation(said);
    if (text.size() < said.size())
        for (const Hit& hit : lines_.matches(text))
            if (std::ranges::find(hits, hit.index, &Hit::index) == hits.end())
                hits.push_back(hit);
    return meanings(hits);
}

std::string_view LogRules::text_for(const Failure& failure, std::string_view said) {
    const bool matched = std::ranges::any_of(failure.patterns, [said](const Pattern& pattern) {
        return re2::RE2::PartialMatch(to_re2(said), *pattern);
    });
    return matched ? said : without_indentation(said);
}

std::vector<LogRules::Match> LogRules::prompts(std::string_view text) const {
    return meanings(prompts_.matches(text));
}

bool has(const std::vector<LogRules::Match>& matches, LogRules::Meaning meaning) {
    return std::ranges::find(matches, meaning, &LogRules::Match::meaning) != matches.end();
}

}  // namespace lktest
