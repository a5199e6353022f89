// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdio>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "harness/matrix/event.hpp"
#include "harness/matrix/expand.hpp"
#include "harness/report/style.hpp"
#include "harness/results/run.hpp"

namespace lktest {

using LiveClock = std::chrono::steady_clock;

/// The state of a cell while the matrix runs.
struct LiveCell {
    BootCell cell;
    std::optional<LiveClock::time_point> power_on;  ///< unset while it waits
    std::string attempt;                            ///< "attempt 2 of 3" if the cell is booted again
    std::string milestone;                          ///< the last one reached
    std::set<std::string> witnessed;                ///< all that were reached, each once
    std::string news;                               ///< the line of the last event
    std::optional<results::Ending> verdict;
};

struct LiveState {
    std::vector<LiveCell> cells;
    LiveClock::time_point started{};
};

LiveState live_state(const std::vector<PlannedCell>& plan, LiveClock::time_point now);

/// Records an event of a cell.
void apply(LiveCell& cell, const Event& event, LiveClock::time_point now);

/// The current matrix, at most style.height - 1 lines of at most style.width columns, each with its
/// newline: the table, the running and waiting cells, and the latest line of each running cell.
std::string frame(const LiveState& state, const Style& style, LiveClock::time_point now);

/// "[ 12.3s] x86_64-uefi  kernel": the line for an output that cannot be repainted. Empty for
/// events that only --verbose shows.
/// @param cell  the cell's short name
std::optional<std::string> plain_line(std::string_view cell, const Event& event, bool verbose);
std::string plain_line(std::string_view cell, const results::Ending& ending);

/// Shows the run in progress: on a terminal the matrix, repainted in place; elsewhere a line for each
/// milestone and verdict. The destructor removes the matrix from the terminal and shows the cursor again.
class Live {
public:
    struct Options {
        bool terminal = false;
        bool verbose = false;
        std::function<Style()> style;  ///< called for each frame, because a terminal may change its size
    };
    Live(std::FILE* out, const std::vector<PlannedCell>& plan, Options options);
    Live(const Live&) = delete;
    Live& operator=(const Live&) = delete;
    ~Live();

    // For planned cells.
    void event(const BootCell& cell, const Event& event);
    void ended(const BootCell& cell, const results::Ending& ending);
    /// Prints a line above the matrix.
    void say(std::string_view line);
    /// Repaints; for a timer, a few times a second.
    void tick();

private:
    std::size_t index(const BootCell& cell) const;
    void put(std::string_view text);
    void print_line(std::string line);

    std::FILE* out_;
    Options options_;
    LiveState state_;
    std::vector<std::string> names_;
    std::size_t painted_ = 0;  ///< lines of the frame on the terminal
    LiveClock::time_point painted_at_{};
};

}  // namespace lktest
