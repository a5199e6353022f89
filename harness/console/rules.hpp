// SPDX-License-Identifier: MIT
#pragma once

#include <re2/set.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/console/transcript.hpp"
#include "harness/scenario/scenario.hpp"

namespace lktest {

/// What a pattern that matched belongs to.
struct Hit {
    enum class Kind { milestone, failure } kind = Kind::milestone;
    std::size_t index = 0;  ///< of Rules::milestones() or Rules::failures()
    bool operator==(const Hit&) const = default;
};

/// Many patterns, matched in one pass over a text.
class PatternSet {
public:
    explicit PatternSet(re2::RE2::Anchor anchor);
    void add(const Pattern& pattern, Hit hit);
    void compile();

    bool empty() const noexcept { return entries_.empty(); }
    /// Milestones first, then failures, each in their order and once.
    std::vector<Hit> matches(std::string_view text) const;

private:
    struct Entry {
        Pattern pattern;
        Hit hit;
    };
    re2::RE2::Anchor anchor_;
    std::unique_ptr<re2::RE2::Set> set_;
    std::vector<Entry> entries_;
};

/// The patterns of milestones and failures, each tried on what it is meant for.
class Rules {
public:
    /// @param failures  of two that match the same text the first counts
    Rules(std::vector<Milestone> milestones, std::vector<Failure> failures);

    /// A whole line. Kernel patterns are tried only on records and only at their beginning.
    /// A line that a shell prompt begins is the echo of a command: a pattern must match at
    /// the beginning of what follows the prompt, as output does that ran into it.
    std::vector<Hit> on_line(const ConsoleLine& line);
    /// A record of the kernel, whose prefix somebody took off.
    std::vector<Hit> on_record(std::string_view said);
    /// An unfinished line that stands still.
    std::vector<Hit> on_prompt(std::string_view text);
    /// A row of the screen.
    std::vector<Hit> on_row(std::string_view text);
    /// A line of the virtio port: only the milestones of whole lines.
    std::vector<Hit> on_report(std::string_view text);

    /// The guest begins anew: nothing is known of its kernel.
    void restart() { prefixed_kernel_ = bare_kernel_ = false; }

    bool watches_screen() const noexcept { return !rows_.empty(); }
    const std::vector<Milestone>& milestones() const noexcept { return milestones_; }
    const std::vector<Failure>& failures() const noexcept { return failures_; }

    /// How many bytes were given to expressions: the work that was done.
    std::size_t bytes_matched() const noexcept { return bytes_matched_; }

private:
    std::vector<Hit> match_record(std::string_view said);
    std::vector<Hit> match(const PatternSet& set, std::string_view text);

    std::vector<Milestone> milestones_;
    std::vector<Failure> failures_;
    PatternSet lines_{re2::RE2::UNANCHORED};
    PatternSet behind_prompt_{re2::RE2::ANCHOR_START};  ///< the same patterns as lines_
    PatternSet records_{re2::RE2::ANCHOR_START};
    PatternSet prompts_{re2::RE2::UNANCHORED};
    PatternSet rows_{re2::RE2::UNANCHORED};
    PatternSet reports_{re2::RE2::UNANCHORED};
    std::size_t bytes_matched_ = 0;
    bool prefixed_kernel_ = false;  ///< a record was seen
    bool bare_kernel_ = false;      ///< the kernel prints without time stamps
};

/// The length of the shell or loader prompts that begin a line, with their blanks; 0 when none does.
std::size_t prompt_length(std::string_view line);

/// Whether an unfinished line looks as if somebody were asked to type: a shell, a login,
/// a loader's command line, "Press any key".
bool looks_like_prompt(std::string_view line);

}  // namespace lktest
