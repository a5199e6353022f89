// SPDX-License-Identifier: MIT
#include "harness/console/log_progress.hpp"

#include <algorithm>
#include <utility>

namespace lktest {
namespace {

using Meaning = LogRules::Meaning;

constexpr std::string_view userspace = "userspace";

}  // namespace

LogProgress::LogProgress(const LogWords& words, std::function<void(std::size_t, bool)> judge)
    : words_(words), judge_(std::move(judge)) {}

void LogProgress::restart() {
    stage_ = 0;
    suspects_.clear();
    cleared_in_userspace_.clear();
    settled_ = in_initramfs_ = left_initramfs_ = in_userspace_ = false;
}

std::string_view LogProgress::stage() const {
    return stage_ == 0 ? std::string_view() : std::string_view(words_.stages[stage_ - 1].name);
}

bool LogProgress::watch(const std::vector<LogRules::Match>& matches, bool of_kernel) {
    if (has(matches, Meaning::left_initramfs)) {
        in_initramfs_ = false;
        left_initramfs_ = true;
    } else if (has(matches, Meaning::entered_initramfs)) {
        enter_initramfs();
    }
    for (const LogRules::Match& match : matches)
        if (match.meaning == Meaning::handed_over)
            clear([&survived = words_.handovers[match.index].clears](const Suspect& suspect) {
                return std::ranges::find(survived, suspect.kind) != survived.end();
            });
    bool progress = false;
    for (const LogRules::Match& match : matches) {
        if (match.meaning != Meaning::stage)
            continue;
        const LogWords::Stage& stage = words_.stages[match.index];
        // systemd in the initramfs says what it says later, too.
        const bool of_initramfs = in_initramfs_ && stage.name == userspace && !stage.settled;
        if ((stage.kernel && !of_kernel) || of_initramfs)
            continue;
        settled_ = settled_ || stage.settled;
        reach_index(match.index, stage.kernel);
        progress = true;
    }
    return progress;
}

/// A log may begin in the middle of the initramfs. Earlier lines then belong to its systemd, not to
/// userspace.
void LogProgress::enter_initramfs() {
    in_initramfs_ = true;
    if (left_initramfs_ || settled_ || in_userspace_ || stage() != userspace)
        return;
    while (stage_ > 0 && words_.stages[stage_ - 1].name == userspace)
        --stage_;
    for (Suspect& suspect : cleared_in_userspace_) {
        judge_(suspect.finding, false);
        suspects_.push_back(std::move(suspect));
    }
    cleared_in_userspace_.clear();
}

void LogProgress::reach(std::string_view stage) {
    for (std::size_t i = 0; i < words_.stages.size(); ++i)
        if (words_.stages[i].name == stage)
            return reach_index(i, false);
}

void LogProgress::imply(std::string_view stage) {
    for (std::size_t i = 0; i < words_.stages.size(); ++i)
        if (words_.stages[i].name == stage)
            stage_ = std::max(stage_, i + 1);
}

void LogProgress::reach_index(std::size_t index, bool of_kernel) {
    stage_ = std::max(stage_, index + 1);
    in_userspace_ = in_userspace_ || (of_kernel && words_.stages[index].name == userspace);
    const bool may_be_initramfs = words_.stages[index].name == userspace && !settled_ && !in_userspace_;
    clear([&](const Suspect& suspect) {
        const bool cleared = settled_ || (!suspect.settled && is_among_first(index + 1, suspect.stage));
        if (cleared && may_be_initramfs && suspect.stage == userspace)
            cleared_in_userspace_.push_back(suspect);
        return cleared;
    });
}

bool LogProgress::is_among_first(std::size_t count, std::string_view stage) const {
    return std::any_of(words_.stages.begin(), words_.stages.begin() + static_cast<std::ptrdiff_t>(count),
                       [stage](const LogWords::Stage& known) { return known.name == stage; });
}

void LogProgress::clear(const std::function<bool(const Suspect&)>& is_cleared) {
    std::erase_if(suspects_, [&](const Suspect& suspect) {
        const bool cleared = is_cleared(suspect);
        if (cleared)
            judge_(suspect.finding, true);
        return cleared;
    });
}

}  // namespace lktest
