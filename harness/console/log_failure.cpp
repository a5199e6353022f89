// SPDX-License-Identifier: MIT
#include "harness/console/log_failure.hpp"

#include <algorithm>
#include <string>

#include "builder/base/re2_text.hpp"
#include "harness/console/stage.hpp"

namespace lktest {
namespace {

using Writer = SavedLine::Writer;
using Meaning = LogRules::Meaning;

/// A vague line that may be a program's is the kernel's if so many lines of a dump follow.
constexpr std::size_t dump_lines = 2;

bool contains(const std::vector<std::string>& names, const std::string& name) {
    return std::ranges::find(names, name) != names.end();
}

/// After the kernel has printed anything, firmware and loader print no more; a program may imitate them.
bool too_late(const Failure& failure, bool kernel_began) {
    return kernel_began && stage_of(failure.outcome) < Stage::kernel;
}

/// The echo of a command is not a failure; output that ran into a prompt may be one.
bool is_typed(const Failure& failure, const SavedLine& line) {
    if (line.writer == Writer::kernel)
        return false;
    const std::string_view said = line.said();
    const std::size_t prompt = prompt_length(said);
    if (prompt == 0)
        return false;
    const std::string_view rest = said.substr(prompt);
    return std::ranges::none_of(failure.patterns, [rest](const Pattern& pattern) {
        return pattern->Match(to_re2(rest), 0, rest.size(), re2::RE2::ANCHOR_START, nullptr, 0);
    });
}

}  // namespace

const Failure* LogFailure::find(const std::vector<LogRules::Match>& matches, bool kernel_began) const {
    const SavedLine& line = window_.current();
    for (const LogRules::Match& match : matches) {
        if (match.meaning > Meaning::kernel_failure)
            break;
        const Failure& failure = rules_.failures()[match.index];
        if (is_believed(failure, line, match.meaning == Meaning::kernel_failure) &&
            !too_late(failure, kernel_began) && !is_harmless(failure, line.said()) &&
            !is_typed(failure, line))
            return &failure;
    }
    return prompt_in(line, kernel_began);
}

bool LogFailure::is_harmless(const Failure& failure, std::string_view said) {
    return std::ranges::any_of(failure.harmless, [said](const Pattern& pattern) {
        return re2::RE2::PartialMatch(to_re2(said), *pattern);
    });
}

bool LogFailure::is_believed(const Failure& failure, const SavedLine& line, bool of_kernel) const {
    if (of_kernel)
        return line.writer == Writer::kernel ||
               (line.writer == Writer::unknown && (!contains(words_.vague, failure.name) || dump_follows()));
    // A program may show a report that it read from the kernel.
    return line.writer == Writer::kernel || failure.report == KernelReport::none || dump_follows();
}

/// People and keepers drop the blank at the end of a prompt, and add a newline.
const Failure* LogFailure::prompt_in(const SavedLine& line, bool kernel_began) const {
    constexpr std::size_t longest = 160;
    std::string_view text = line.text;
    while (text.ends_with(' ') || text.ends_with('\t') || text.ends_with('`'))
        text.remove_suffix(1);
    if (text.empty() || text.size() > longest || std::string_view("#$>):=?]").find(text.back()) == text.npos)
        return nullptr;
    for (const LogRules::Match& match : rules_.prompts(std::string(text) + " ")) {
        const Failure& failure = rules_.failures()[match.index];
        if (!too_late(failure, kernel_began) && (!contains(words_.answered, failure.name) || is_last()))
            return &failure;
    }
    return nullptr;
}

/// Whether programs say nothing more.
bool LogFailure::is_last() const {
    for (std::size_t i = window_.here() + 1; i < window_.end(); ++i)
        if (window_.at(i).writer != Writer::kernel && !window_.at(i).text.empty())
            return false;
    return true;
}

bool LogFailure::dump_follows() const {
    std::size_t found = 0;
    const std::size_t end = std::min(window_.end(), window_.here() + 1 + failure_reach);
    for (std::size_t i = window_.here() + 1; i < end && found < dump_lines; ++i)
        found += maybe_kernel(window_.at(i)) && rules_.is_of_report(window_.at(i).said()) ? 1 : 0;
    return found == dump_lines;
}

}  // namespace lktest
