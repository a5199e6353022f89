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

/// The rule of a pattern that matched.
struct Hit {
    enum class Kind { milestone, failure } kind = Kind::milestone;
    std::size_t index = 0;  ///< in Rules::milestones() or Rules::failures()
    bool operator==(const Hit&) const = default;
};

/// Many patterns, matched against a text in one pass.
class PatternSet {
public:
    explicit PatternSet(re2::RE2::Anchor anchor);
    void add(const Pattern& pattern, Hit hit);
    void compile();

    bool empty() const noexcept { return entries_.empty(); }
    /// Milestones first, then failures, each in their order and only once.
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

/// The patterns of milestones and failures, each applied to the kind of text that it is for.
class Rules {
public:
    /// @param failures  the first match counts
    Rules(std::vector<Milestone> milestones, std::vector<Failure> failures);

    /// Matches a whole line. Kernel patterns apply only to records, and only at their beginning. A line that
    /// starts with a shell prompt is the echo of a command. A pattern must then match directly after the
    /// prompt, as output on the same line as a prompt does.
    std::vector<Hit> on_line(const ConsoleLine& line);
    /// Matches a kernel record whose prefix was removed.
    std::vector<Hit> on_record(std::string_view said);
    /// Matches an unfinished line that has not changed for a while.
    std::vector<Hit> on_prompt(std::string_view text);
    /// Matches a row of the screen.
    std::vector<Hit> on_row(std::string_view text);
    /// Matches a line of the virtio port against the milestones of whole lines.
    std::vector<Hit> on_report(std::string_view text);

    /// The guest was reset: nothing is known of its kernel.
    void restart() { prefixed_kernel_ = bare_kernel_ = false; }

    bool watches_screen() const noexcept { return !rows_.empty(); }
    const std::vector<Milestone>& milestones() const noexcept { return milestones_; }
    const std::vector<Failure>& failures() const noexcept { return failures_; }

    /// How many bytes were matched against expressions, as a measure of work.
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

/// The length of the shell or loader prompts at the start of a line, with their blanks; 0 if there is none.
std::size_t prompt_length(std::string_view line);

/// Whether an unfinished line looks like a request for input: a shell, a login, a loader's command line,
/// "Press any key".
bool looks_like_prompt(std::string_view line);

}  // namespace lktest
