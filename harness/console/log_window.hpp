// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <utility>

#include "harness/console/saved_log.hpp"

namespace lktest {

/// The lines of a saved log around the one that is judged. Positions count from the log's first line.
class LogWindow {
public:
    /// How many lines before the current one are kept at least.
    static constexpr std::size_t kept = 500;

    void add(SavedLine line) { lines_.push_back(std::move(line)); }
    void advance() {
        ++at_;
        if (at_ <= 2 * kept)
            return;
        const std::size_t old = at_ - kept;
        dropped_ += old;
        lines_.erase(lines_.begin(), lines_.begin() + static_cast<std::ptrdiff_t>(old));
        at_ = kept;
    }

    bool at_end() const noexcept { return at_ == lines_.size(); }
    const SavedLine& current() const { return lines_[at_]; }
    std::size_t here() const noexcept { return dropped_ + at_; }
    /// The position after the last known line.
    std::size_t end() const noexcept { return dropped_ + lines_.size(); }
    /// A position before the kept lines means the first of them.
    const SavedLine& at(std::size_t position) const {
        return lines_[position - std::min(position, dropped_)];
    }

private:
    std::deque<SavedLine> lines_;
    std::size_t at_ = 0;       ///< index of the current line
    std::size_t dropped_ = 0;  ///< lines that are no longer kept
};

/// Whether the kernel wrote the line, or may have.
inline bool maybe_kernel(const SavedLine& line) {
    return line.writer != SavedLine::Writer::program;
}

}  // namespace lktest
