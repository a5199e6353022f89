// SPDX-License-Identifier: MIT
#include "harness/matrix/trials.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace lktest {
namespace {

bool passed(const Verdict& verdict) {
    return verdict.outcome == Outcome::passed;
}

std::chrono::microseconds whole_time(const std::vector<Verdict>& boots) {
    std::chrono::microseconds took{};
    for (const Verdict& boot : boots)
        took += boot.took;
    return took;
}

}  // namespace

Share share_of(std::size_t passed, std::size_t total) {
    // E. B. Wilson, "Probable inference, the law of succession, and statistical inference", 1927.
    constexpr double z = 1.959964;  // 95 % of the normal distribution
    const double n = static_cast<double>(total), share = static_cast<double>(passed) / n;
    const double middle = share + z * z / (2 * n);
    const double half = z * std::sqrt(share * (1 - share) / n + z * z / (4 * n * n));
    const double scale = 1 + z * z / n;
    return {std::max(0.0, (middle - half) / scale), share, std::min(1.0, (middle + half) / scale)};
}

Verdict of_repetitions(const std::vector<Verdict>& boots) {
    const auto count = static_cast<std::size_t>(std::ranges::count_if(boots, passed));
    const auto first_failed = std::ranges::find_if_not(boots, passed);
    Verdict verdict = first_failed == boots.end() ? boots.back() : *first_failed;
    const Share share = share_of(count, boots.size());
    const std::string rate =
        fmt::format("{} of {} boots passed: {:.1f} % (95 % confidence: {:.1f} to {:.1f} %)", count,
                    boots.size(), share.measured * 100, share.least * 100, share.most * 100);
    verdict.reason = verdict.reason.empty() ? rate : fmt::format("{}; {}", rate, verdict.reason);
    verdict.took = whole_time(boots);
    return verdict;
}

std::string attempt_name(std::size_t number, std::size_t most) {
    return fmt::format("attempt {} of {}", number, most);
}

bool worth_retrying(const Verdict& verdict) {
    return !passed(verdict) && verdict.outcome != Outcome::cancelled && !verdict.on_medium;
}

Verdict of_retries(const std::vector<Verdict>& boots, std::size_t most) {
    Verdict verdict = boots.front();  // the failure is what matters
    if (boots.size() == 1)
        return verdict;
    for (std::size_t i = 0; i < boots.size(); ++i)
        verdict.attempts.push_back(
            {attempt_name(i + 1, most), boots[i].outcome, boots[i].reason, boots[i].took});
    if (!passed(boots.back()))
        return verdict;
    verdict.reason =
        fmt::format("passed on {}; {}: {}: {}", verdict.attempts.back().name, verdict.attempts.front().name,
                    name(boots.front().outcome), boots.front().reason);
    verdict.outcome = Outcome::flaky;
    verdict.reached = boots.back().reached;
    verdict.missing.clear();
    verdict.took = whole_time(boots);
    return verdict;
}

bool fell_silent(const Verdict& verdict) {
    return verdict.outcome == Outcome::silent || verdict.outcome == Outcome::reboot_loop;
}

Verdict of_early_console(Verdict silent, const Verdict& early) {
    silent.reason += fmt::format("; a second boot with an early console (early/) shows: {}{}",
                                 name(early.outcome), early.reason.empty() ? "" : ", " + early.reason);
    silent.took = whole_time({silent, early});
    return silent;
}

std::optional<std::uint64_t> MemorySearch::next() const {
    if (!any_ && boots_ > 1)
        return (boots_ - 1) * step;  // first show that it boots at all
    return boots_ - fails_ > 1 && any_ ? std::optional((boots_ + fails_) / 2 * step) : std::nullopt;
}

void MemorySearch::tried(std::uint64_t memory, bool booted) {
    if (booted) {
        boots_ = memory / step;
        any_ = true;
    } else if (any_) {
        fails_ = memory / step;
    } else {
        boots_ = 0;  // not even with all of it: the search is over
    }
}

std::optional<std::uint64_t> MemorySearch::least() const {
    return any_ ? std::optional(boots_ * step) : std::nullopt;
}

Verdict of_memory_search(const MemorySearch& search, const std::vector<Verdict>& boots) {
    const auto least = search.least();
    if (!least)
        return boots.front();
    Verdict verdict = *std::ranges::find_if(boots, passed);
    verdict.reason = fmt::format("boots with {} MiB of memory, not with {} MiB", *least >> 20,
                                 (*least - MemorySearch::step) >> 20);
    verdict.took = whole_time(boots);
    return verdict;
}

}  // namespace lktest
