// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "builder/base/progress.hpp"
#include "harness/report/style.hpp"

namespace lktest {

/// "squashfs    ████████████░░░░░░░░░░░░   52 %   3.1s": a step on its way; without a bar while
/// its `total` is not known (0).
Line progress_line(std::string_view step, std::uint64_t done, std::uint64_t total,
                   std::chrono::microseconds took, const Style& style);

/// "✓ squashfs       6.0s": a step that is over.
Line finished_line(std::string_view step, std::chrono::microseconds took);

/// Shows how far a long work has come: on a terminal a bar that is repainted in place, of the oldest
/// step that is under way, and a line for each step that is over; elsewhere only these lines. Steps of
/// unknown size are over when another begins. The destructor takes an unfinished bar away.
class ProgressBar {
public:
    ProgressBar(std::FILE* out, bool terminal, std::function<Style()> style);
    ProgressBar(const ProgressBar&) = delete;
    ProgressBar& operator=(const ProgressBar&) = delete;
    ~ProgressBar();

    /// As Progress; from any thread.
    void update(std::string_view step, std::uint64_t done, std::uint64_t total);
    /// Prints a line above the bar; from any thread.
    void say(std::string_view line);
    /// Every step is over, and well.
    void finish();

private:
    using Clock = std::chrono::steady_clock;
    struct Step {
        std::string name;
        Clock::time_point began;
        std::uint64_t done = 0, total = 0;
    };
    Step& step_of(std::string_view name);
    void end(const Step& step);
    void paint_bar();
    void erase();
    void print(const Line& line);

    std::FILE* out_;
    bool terminal_;
    std::function<Style()> style_;
    std::mutex mutex_;
    std::vector<Step> steps_;  ///< those under way, the oldest first
    Clock::time_point painted_{};
    bool standing_ = false;  ///< a bar stands on the terminal
};

}  // namespace lktest
