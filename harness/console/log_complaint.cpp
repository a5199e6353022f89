// SPDX-License-Identifier: MIT
#include "harness/console/log_complaint.hpp"

#include <algorithm>

#include "harness/console/log_failure.hpp"

namespace lktest {
namespace {

using Meaning = LogRules::Meaning;

/// A complaint counts as the reason if at most so many lines of programs follow it.
constexpr std::size_t most_lines_after = 6, most_lines_before_stop = 2;

}  // namespace

void LogComplaint::watch(const SavedLine& line, const std::vector<LogRules::Match>& matches) {
    if (line.writer == SavedLine::Writer::kernel || line.text.empty())
        return;
    if (has(matches, Meaning::handed_over))
        said_.reset();  // the loader found what it needs
    ++lines_since_;
    const auto found = std::ranges::find(matches, Meaning::at_end, &LogRules::Match::meaning);
    if (found == matches.end() || prompt_length(line.said()) > 0)
        return;
    const Failure& complaint = words_.at_end[found->index];
    if (LogFailure::is_harmless(complaint, line.said()))
        return;
    said_ = Said{&complaint, line};
    lines_since_ = 0;
}

const LogComplaint::Said* LogComplaint::at_end(std::string_view stage) const {
    const bool is_boot = !stage.empty() && stage != "userspace";
    return said_ && is_boot && lines_since_ <= most_lines_after ? &*said_ : nullptr;
}

const LogComplaint::Said* LogComplaint::before_stop(const std::vector<LogRules::Match>& matches) const {
    return said_ && has(matches, Meaning::stopped_by_program) && lines_since_ <= most_lines_before_stop
               ? &*said_
               : nullptr;
}

}  // namespace lktest
