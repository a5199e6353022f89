// SPDX-License-Identifier: MIT
#include "harness/console/log_report.hpp"

namespace lktest {
namespace {

constexpr std::size_t most_lines = 400;
/// How far the lines of one report may be apart, and how long after its fence its headline may stand.
constexpr std::size_t most_strangers = 4, fence_reach = 8;
/// Within so many lines a second headline belongs to the first; "part"s do for longer.
constexpr std::size_t same_headline = 3, same_report = 30;

}  // namespace

bool LogReport::takes(const Failure& failure) const {
    const SavedLine& line = window_.current();
    if (!report_ || failure.report == KernelReport::none || line.caller != report_->caller)
        return false;
    const std::size_t since = window_.here() - report_->head;
    return since <= same_headline || (failure.report == KernelReport::part && since <= same_report) ||
           line.said().starts_with("---[ end");
}

void LogReport::open(LogFinding& finding, std::size_t index) {
    const SavedLine& line = window_.current();
    const std::size_t here = window_.here();
    std::size_t begin = here;
    if (fence_ && here - *fence_ <= fence_reach && window_.at(*fence_).caller == line.caller &&
        (!report_ || *fence_ > report_->last))
        begin = *fence_;
    for (std::size_t i = begin; i <= here; ++i)
        if (maybe_kernel(window_.at(i)) == maybe_kernel(line) && window_.at(i).caller == line.caller)
            finding.lines.push_back(window_.at(i).text);
    const bool fenced = begin < here && window_.at(begin).said().starts_with("=");
    report_ = Open{index, here, here, line.caller, maybe_kernel(line), fenced};
}

void LogReport::grow(std::vector<LogFinding>& findings, bool may_end) {
    const SavedLine& line = window_.current();
    const std::size_t here = window_.here();
    std::vector<std::string>& lines = findings[report_->finding].lines;
    const std::string_view text = line.said();
    if (here - report_->last >= LogWindow::kept)
        return close();
    if (!is_its(line))
        return;
    const bool ends =
        may_end && (report_->fenced || !text.starts_with("=")) && here - report_->head > same_headline;
    const bool own = ends || text.empty() || text.starts_with(' ') || text.starts_with('\t') ||
                     rules_.is_of_report(text) || (here - report_->head <= 1);
    if (!own) {
        std::size_t strangers = 0;
        for (std::size_t i = report_->last + 1; i <= here; ++i)
            strangers += is_its(window_.at(i)) ? 1 : 0;
        if (strangers > most_strangers || text.starts_with("====") || text.starts_with("----"))
            close();
        return;
    }
    for (std::size_t i = report_->last + 1; i <= here; ++i)
        if (is_its(window_.at(i)))
            lines.push_back(window_.at(i).text);
    report_->last = here;
    if (ends || lines.size() >= most_lines)
        close();
}

}  // namespace lktest
