// SPDX-License-Identifier: MIT
#include "harness/terminal/progress_bar.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "builder/base/printable.hpp"
#include "harness/report/grid.hpp"
#include "harness/results/run.hpp"

namespace lktest {
namespace {

constexpr std::size_t step_width = 12, bar_width = 32;
constexpr std::chrono::milliseconds frame_time{80};

std::chrono::microseconds since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - start);
}

std::string repeated(std::string_view character, std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i)
        text += character;
    return text;
}

}  // namespace

Line progress_line(std::string_view step, std::uint64_t done, std::uint64_t total,
                   std::chrono::microseconds took, const Style& style) {
    Line line{{"▸ ", Tone::busy}, {fmt::format("{:{}} ", printable(step), step_width)}};
    if (total > 0) {
        const double part = std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
        const std::size_t width = style.width >= 70 ? bar_width : bar_width / 2;
        const auto filled = static_cast<std::size_t>(part * static_cast<double>(width));
        line.push_back({repeated("█", filled), Tone::busy});
        line.push_back({repeated("░", width - filled), Tone::dim});
        line.push_back({fmt::format("  {:3.0f} %", part * 100)});
    }
    line.push_back({fmt::format("  {:>6}", results::short_time(took)), Tone::dim});
    return line;
}

Line finished_line(std::string_view step, std::chrono::microseconds took) {
    return {mark(OutcomeClass::passed),
            {fmt::format(" {:{}} ", printable(step), step_width)},
            {fmt::format("{:>6}", results::short_time(took)), Tone::dim}};
}

ProgressBar::ProgressBar(std::FILE* out, bool terminal, std::function<Style()> style)
    : out_(out), terminal_(terminal), style_(std::move(style)) {}

ProgressBar::~ProgressBar() {
    erase();
    std::fflush(out_);
}

void ProgressBar::update(std::string_view name, std::uint64_t done, std::uint64_t total) {
    const std::lock_guard lock(mutex_);
    Step& step = step_of(name);
    step.done = done;
    step.total = total;
    if (total > 0 && done >= total) {
        end(step);
        steps_.erase(steps_.begin() + (&step - steps_.data()));
    }
    if (terminal_ && !steps_.empty() && Clock::now() - painted_ >= frame_time)
        paint_bar();
}

void ProgressBar::say(std::string_view line) {
    const std::lock_guard lock(mutex_);
    print({{printable(line), Tone::dim}});
}

void ProgressBar::finish() {
    const std::lock_guard lock(mutex_);
    for (const Step& step : steps_)
        end(step);
    steps_.clear();
}

ProgressBar::Step& ProgressBar::step_of(std::string_view name) {
    const auto known = std::ranges::find(steps_, name, &Step::name);
    if (known != steps_.end())
        return *known;
    std::erase_if(steps_, [&](const Step& step) {
        if (step.total == 0)
            end(step);
        return step.total == 0;
    });
    return steps_.emplace_back(Step{std::string(name), Clock::now()});
}

void ProgressBar::end(const Step& step) {
    print(finished_line(step.name, since(step.began)));
}

void ProgressBar::paint_bar() {
    erase();
    const Step& step = steps_.front();
    const Style style = style_();
    const Line line = progress_line(step.name, step.done, step.total, since(step.began), style);
    std::fputs(paint(line, style, style.width - 1).c_str(), out_);
    std::fflush(out_);
    standing_ = true;
    painted_ = Clock::now();
}

void ProgressBar::erase() {
    if (standing_)
        std::fputs("\r\x1b[K", out_);
    standing_ = false;
}

void ProgressBar::print(const Line& line) {
    erase();
    std::fputs((paint(line, style_()) + "\n").c_str(), out_);
    std::fflush(out_);
}

}  // namespace lktest
