// SPDX-License-Identifier: MIT
#include "harness/console/log_complaint.hpp"

#include <algorithm>

#include "harness/console/log_failure.hpp"

namespace lktest {
namespace {

using Meaning = LogRules::Meaning;

/// A complaint counts as the reason if at most so many lines of programs follow it.
constexpr std::size_t most_lines_after = 6, most_lines_before_stop = 2;
constexpr std::size_t longest_excerpt = 20;

}  // namespace

void LogComplaint::watch(const SavedLine& line, const std::vector<LogRules::Match>& matches) {
    ++lines_;
    if (line.writer == SavedLine::Writer::kernel || line.text.empty())
        return;
    if (has(matches, Meaning::handed_over))
        said_.reset();  // the loader found what it needs
    if (said_ && said_->failure->tentative)
        said_.reset();  // the wait is over
    ++lines_since_;
    const auto found = std::ranges::find(matches, Meaning::at_end, &LogRules::Match::meaning);
    if (found == matches.end() || prompt_length(line.said()) > 0)
        return;
    const Failure& complaint = words_.at_end[found->index];
    if (LogFailure::is_harmless(complaint, line.said()))
        return;
    said_ = Said{&complaint, line, has(matches, Meaning::boot_thing)};
    lines_since_ = 0;
}

const LogComplaint::Said* LogComplaint::at_end(std::string_view stage) const {
    if (!said_ || lines_since_ > most_lines_after)
        return nullptr;
    const bool is_boot = stage.empty() ? said_->of_boot && lines_ <= longest_excerpt : stage != "userspace";
    return is_boot ? &*said_ : nullptr;
}

const LogComplaint::Said* LogComplaint::before_stop(const std::vector<LogRules::Match>& matches) const {
    return said_ && has(matches, Meaning::stopped_by_program) && lines_since_ <= most_lines_before_stop
               ? &*said_
               : nullptr;
}

}  // namespace lktest
