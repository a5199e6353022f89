// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "harness/console/log_words.hpp"
#include "harness/console/rules.hpp"

namespace lktest {

/// All meanings that a line of a saved log can have, matched in one pass because most lines have none.
class LogRules {
public:
    enum class Meaning {
        program_failure,  ///< in LogRules::failures()
        kernel_failure,   ///< the same, if the kernel wrote the line
        last_words,       ///< in LogWords::last_words
        at_end,           ///< of LogWords::at_end
        stage,            ///< in LogWords::stages
        report_open,
        report_end,
        banner,
        firmware,
        announced,
        replayed,
        entered_initramfs,
        left_initramfs,
        handed_over,  ///< in LogWords::handovers
        boot_thing,
        root_mounted,
        requested,
        manager,
        stopped_by_program,
        emulated,
        accelerated,
    };
    struct Match {
        Meaning meaning = Meaning::stage;
        std::size_t index = 0;
    };

    LogRules(std::vector<Failure> failures, const LogWords& words);

    /// In the order of Meaning, then of the catalogue.
    std::vector<Match> matches(std::string_view said) const;
    /// The text that the failure's patterns match: people and quotes indent what was at the start of a line.
    static std::string_view text_for(const Failure& failure, std::string_view said);
    /// Failures whose pattern is a prompt at the end of `text`.
    std::vector<Match> prompts(std::string_view text) const;
    /// Whether the line belongs to a kernel's report.
    bool is_of_report(std::string_view said) const { return !report_body_.matches(said).empty(); }

    const std::vector<Failure>& failures() const noexcept { return failures_; }

private:
    void add(Meaning meaning, std::size_t index, const Pattern& pattern, bool anchored);
    std::vector<Match> meanings(const std::vector<Hit>& hits) const;

    std::vector<Failure> failures_;
    std::vector<Match> entries_;
    PatternSet lines_{re2::RE2::UNANCHORED};
    PatternSet prompts_{re2::RE2::UNANCHORED};
    PatternSet report_body_{re2::RE2::ANCHOR_START};
};

bool has(const std::vector<LogRules::Match>& matches, LogRules::Meaning meaning);

}  // namespace lktest
