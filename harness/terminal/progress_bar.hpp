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

/// "squashfs    ████████████░░░░░░░░░░░░   52 %   3.1s": a step in progress. Without a bar while its `total`
/// is unknown (0).
Line progress_line(std::string_view step, std::uint64_t done, std::uint64_t total,
                   std::chrono::microseconds took, const Style& style);

/// "✓ squashfs       6.0s": a finished step.
Line finished_line(std::string_view step, std::chrono::microseconds took);

/// Shows the progress of long work. On a terminal it repaints a bar for the oldest running step in place and
/// prints a line for each finished step; elsewhere it prints only these lines. A step of unknown size ends
/// when another one starts. The destructor removes an unfinished bar.
class ProgressBar {
public:
    ProgressBar(std::FILE* out, bool terminal, std::function<Style()> style);
    ProgressBar(const ProgressBar&) = delete;
    ProgressBar& operator=(const ProgressBar&) = delete;
    ~ProgressBar();

    /// Has the meaning of Progress. Callable from any thread.
    void update(std::string_view step, std::uint64_t done, std::uint64_t total);
    /// Prints a line above the bar. Callable from any thread.
    void say(std::string_view line);
    /// Every step has ended successfully.
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
    std::vector<Step> steps_;  ///< the running ones, the oldest first
    Clock::time_point painted_{};
    bool standing_ = false;  ///< the terminal shows a bar
};

}  // namespace lktest
