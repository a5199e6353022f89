// SPDX-License-Identifier: MIT
#include "harness/console/check_log.hpp"

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>

#include "harness/console/log_rules.hpp"
#include "harness/console/saved_log.hpp"
#include "harness/console/stage.hpp"
#include "harness/scenario/failure.hpp"

namespace lktest {
namespace {

using Writer = SavedLine::Writer;
using Meaning = LogRules::Meaning;

constexpr std::size_t most_findings = 1000, most_report_lines = 400, other_lines = 8;
/// The largest distance between lines of one report, and between its separator and its first line.
constexpr std::size_t most_strangers = 4, fence_reach = 8;
/// Within this many lines a second headline belongs to the first; the limit for "part"s is larger.
constexpr std::size_t same_headline = 3, same_report = 30;
/// A vague line that may be a program's is the kernel's if a dump follows it.
constexpr std::size_t dump_reach = 40, dump_lines = 2;
/// A program's message counts as the reason if the boot ends within this many lines.
constexpr std::size_t last_words_reach = 12;
/// Number of lines kept around the current one.
constexpr std::size_t lines_before = 500;

/// The latest stage that a boot can have reached if it failed in this way.
std::string_view stage_at(Outcome outcome) {
    switch (stage_of(outcome)) {
        case Stage::firmware:
        case Stage::refused: return "firmware";
        case Stage::loader: return "boot-loader";
        case Stage::kernel: return "kernel";
        case Stage::initramfs: return "initramfs";
        default: return "userspace";
    }
}

/// The stage that a boot must reach to show that a failure of this kind was harmless.
std::string_view passed_by(Outcome outcome) {
    switch (stage_of(outcome)) {
        case Stage::firmware:
        case Stage::refused: return "boot-loader";
        case Stage::loader: return "kernel";
        case Stage::kernel: return "initramfs";
        default: return "userspace";
    }
}

class Checker {
public:
    Checker(const std::vector<Failure>& failures, const LogWords& words)
        : rules_(failures, words), words_(words) {
        said_.stages.emplace_back();
    }

    /// Judges a line once the lines that may belong to it are known.
    void add(SavedLine line) {
        lines_.push_back(std::move(line));
        if (lines_.size() - at_ > dump_reach)
            judge_next();
    }

    CheckedLog finish() {
        while (at_ < lines_.size())
            judge_next();
        end_boot();
        said_.emulated = saw_emulated_ && !saw_accelerated_;
        if (said_.emulated)
            for (LogFinding& finding : said_.findings)
                finding.warning = finding.warning || contains(words_.emulated_warnings, finding.kind);
        std::ranges::stable_sort(said_.findings, {}, &LogFinding::line);
        return std::move(said_);
    }

private:
    /// A report that may have more lines. Positions count from the log's first line.
    struct OpenReport {
        std::size_t finding = 0;
        std::size_t head = 0;  ///< position of its headline
        std::size_t last = 0;  ///< position of the last line known to belong to it
        std::string caller;
        bool kernel = true;   ///< its lines are the kernel's, or may be
        bool fenced = false;  ///< "=====" precedes it, so another one ends it
    };
    /// A finding that was harmless if the boot reaches a certain stage.
    struct Suspect {
        std::size_t finding = 0;
        std::string_view stage;  ///< the stage that clears it
        bool settled = false;    ///< only a system in use clears it
    };
    struct LastWords {
        LogFinding finding;
        std::size_t at = 0;
    };

    static bool contains(const std::vector<std::string>& names, const std::string& name) {
        return std::ranges::find(names, name) != names.end();
    }
    bool maybe_kernel(const SavedLine& line) const { return line.writer != Writer::program; }
    bool of_the_same(const SavedLine& line, const OpenReport& report) const {
        return maybe_kernel(line) == report.kernel && line.caller == report.caller;
    }
    /// The position of the current line in the log, and the line at a position.
    std::size_t here() const { return dropped_ + at_; }
    const SavedLine& line_at(std::size_t position) const {
        return lines_[position - std::min(position, dropped_)];
    }

    void judge_next() {
        judge(lines_[at_]);
        ++at_;
        ++said_.lines;
        if (at_ > 2 * lines_before) {
            dropped_ += at_ - lines_before;
            lines_.erase(lines_.begin(), lines_.begin() + static_cast<std::ptrdiff_t>(at_ - lines_before));
            at_ = lines_before;
        }
    }

    void judge(const SavedLine& line) {
        const std::vector<LogRules::Match> matches = rules_.matches(line.said());
        watch_reboots(line, matches);
        if (line.writer == Writer::kernel) {
            // A log that starts in the middle: the kernel's clock is not at zero.
            kernel_began_ = kernel_began_ || (line.message > 0 && !at_zero(line));
            reach_stage("kernel");
        }
        watch_stages(line, matches);
        said_.known_lines += line.writer == Writer::kernel || !matches.empty() ? 1 : 0;
        if (const Failure* failure = failure_in(line, matches))
            meet(*failure, line);
        else if (report_)
            grow(line, has(matches, Meaning::report_end));
        else
            remember_last_words(line, matches);
        if (maybe_kernel(line) && has(matches, Meaning::report_open))
            fence_ = here();
    }

    static bool has(const std::vector<LogRules::Match>& matches, Meaning meaning) {
        return std::ranges::find(matches, meaning, &LogRules::Match::meaning) != matches.end();
    }
    /// Whether the stamp shows that the kernel's clock has not started: "[    0.000000]", "[0.000000@0]".
    static bool at_zero(const SavedLine& line) {
        const std::size_t digits = line.text.find_first_of("0123456789", line.text.find('['));
        return digits < line.message && std::string_view(line.text).substr(digits).starts_with("0.000000");
    }
    /// A console that starts late repeats the log from its beginning.
    bool replaying() const { return replayed_at_ && here() - *replayed_at_ <= fence_reach; }

    /// The first failure of the catalogue that the line shows; null if there is none.
    const Failure* failure_in(const SavedLine& line, const std::vector<LogRules::Match>& matches) {
        const std::string_view said = line.said();
        for (const LogRules::Match& match : matches) {
            if (match.meaning > Meaning::kernel_failure)
                break;
            const Failure& failure = rules_.failures()[match.index];
            if (believed(failure, line, match.meaning == Meaning::kernel_failure) && !too_late(failure) &&
                !harmless(failure, said) && !is_typed(failure, line))
                return &failure;
        }
        return prompt_in(line);
    }

    bool believed(const Failure& failure, const SavedLine& line, bool of_kernel) const {
        if (of_kernel)
            return line.writer == Writer::kernel ||
                   (line.writer == Writer::unknown &&
                    (!contains(words_.vague, failure.name) || dump_follows()));
        // A program may print a report that it read from the kernel.
        return line.writer == Writer::kernel || failure.report == KernelReport::none || dump_follows();
    }
    /// After the kernel has printed anything, firmware and loader print no more; a program may imitate them.
    bool too_late(const Failure& failure) const {
        return kernel_began_ && stage_of(failure.outcome) < Stage::kernel;
    }
    static bool harmless(const Failure& failure, std::string_view said) {
        return std::ranges::any_of(failure.harmless, [said](const Pattern& pattern) {
            return re2::RE2::PartialMatch(said, *pattern);
        });
    }
    /// The echo of a command is not a failure; output on the same line as a prompt may be one.
    static bool is_typed(const Failure& failure, const SavedLine& line) {
        if (line.writer == Writer::kernel)
            return false;
        const std::string_view said = line.said();
        const std::size_t prompt = prompt_length(said);
        if (prompt == 0)
            return false;
        const std::string_view rest = said.substr(prompt);
        return std::ranges::none_of(failure.patterns, [rest](const Pattern& pattern) {
            return pattern->Match(rest, 0, rest.size(), re2::RE2::ANCHOR_START, nullptr, 0);
        });
    }
    /// Editors and log collectors drop the blank at the end of a prompt, and add a newline.
    const Failure* prompt_in(const SavedLine& line) const {
        constexpr std::size_t longest = 160;
        std::string_view text = line.text;
        while (text.ends_with(' ') || text.ends_with('\t'))
            text.remove_suffix(1);
        if (text.empty() || text.size() > longest ||
            std::string_view("#$>):=?]").find(text.back()) == text.npos)
            return nullptr;
        for (const LogRules::Match& match : rules_.prompts(std::string(text) + " ")) {
            const Failure& failure = rules_.failures()[match.index];
            if (!too_late(failure) && (!contains(words_.answered, failure.name) || is_last()))
                return &failure;
        }
        return nullptr;
    }
    /// Whether no further output of programs follows.
    bool is_last() const {
        return std::all_of(
            lines_.begin() + static_cast<std::ptrdiff_t>(at_) + 1, lines_.end(),
            [](const SavedLine& line) { return line.writer == Writer::kernel || line.text.empty(); });
    }

    bool dump_follows() const {
        std::size_t found = 0;
        const std::size_t end = std::min(lines_.size(), at_ + 1 + dump_reach);
        for (std::size_t i = at_ + 1; i < end && found < dump_lines; ++i)
            found += maybe_kernel(lines_[i]) && rules_.is_of_report(lines_[i].said()) ? 1 : 0;
        return found == dump_lines;
    }

    LogFinding finding_of(const Failure& failure, const SavedLine& line) const {
        return {.kind = failure.name,
                .reason = reason_in(failure, line.said()),
                .hint = failure.hint,
                .warning = failure.warning && failure.report == KernelReport::none,
                .line = line.number,
                .boot = said_.stages.size() - 1,
                .lines = {}};
    }

    /// The end of a report repeats its headline.
    bool repeats_a_report(const SavedLine& line) const {
        return line.said().starts_with("---[ end") &&
               std::ranges::any_of(said_.findings, [this](const auto& found) {
                   return found.boot + 1 == said_.stages.size() && !found.warning;
               });
    }

    void meet(const Failure& failure, const SavedLine& line) {
        const bool is_report = failure.report != KernelReport::none;
        if (report_ && is_report && line.caller == report_->caller) {
            const std::size_t since = here() - report_->head;
            if (since <= same_headline || (failure.report == KernelReport::part && since <= same_report) ||
                line.said().starts_with("---[ end"))
                return grow(line, false);
        }
        if (said_.findings.size() >= most_findings || repeats_a_report(line))
            return;
        LogFinding finding = finding_of(failure, line);
        if (!finding.warning)
            finding.warning = is_excused(failure);
        if (!finding.warning) {
            if (stage_of(failure.outcome) >= Stage::kernel && !failure.tentative)
                believe_last_words(failure.kernel);
            imply_stage(failure);
            suspect(failure);
        }
        if (!is_report) {
            for (std::size_t i = at_; i < std::min(lines_.size(), at_ + other_lines); ++i)
                finding.lines.push_back(lines_[i].text);
            said_.findings.push_back(std::move(finding));
            return;
        }
        open_report(std::move(finding), line);
    }

    /// Whether a failure does not count at this point of the boot.
    bool is_excused(const Failure& failure) const {
        const Stage stage = stage_of(failure.outcome);
        if (requested_ && contains(words_.request_warnings, failure.name))
            return true;
        if (failure.outcome == Outcome::powered_off)
            return goodbye_ || passed("initramfs");
        if (failure.report != KernelReport::none)
            return false;
        if (failure.tentative)
            return settled_ ||
                   (stage >= Stage::kernel && stage < Stage::userspace && passed(passed_by(failure.outcome)));
        return settled_ && !failure.kernel && stage <= Stage::initramfs;
    }

    /// Records which stage clears the next finding.
    void suspect(const Failure& failure) {
        const Stage stage = stage_of(failure.outcome);
        const std::size_t next = said_.findings.size();
        if (failure.report != KernelReport::none) {
            // A machine that was merely slow continues.
            if (failure.tentative && !settled_)
                suspects_.push_back({next, "userspace", false});
        } else if (failure.tentative) {
            suspects_.push_back({next, passed_by(failure.outcome), stage == Stage::userspace});
        } else if (!failure.kernel && stage <= Stage::initramfs) {
            const std::string_view passing = stage == Stage::refused ? "kernel" : passed_by(failure.outcome);
            suspects_.push_back({next, passing, stage == Stage::initramfs});
        }
    }

    void remember_last_words(const SavedLine& line, const std::vector<LogRules::Match>& matches) {
        const auto found = std::ranges::find(matches, Meaning::last_words, &LogRules::Match::meaning);
        if (found == matches.end() || settled_)
            return;
        const Failure& words = words_.last_words[found->index];
        if (!harmless(words, line.said()))
            last_words_.push_back({finding_of(words, line), here()});
    }

    /// Takes the programs' output shortly before the end as its reason.
    void believe_last_words(bool of_kernel) {
        for (LastWords& words : last_words_)
            if (here() - words.at <= last_words_reach && said_.findings.size() < most_findings) {
                for (std::size_t i = words.at; i <= here(); ++i)
                    words.finding.lines.push_back(line_at(i).text);
                // The user may leave a shell of the initramfs; a panic is final.
                if (!of_kernel)
                    suspects_.push_back({said_.findings.size(), "userspace", true});
                said_.findings.push_back(std::move(words.finding));
            }
        last_words_.clear();
    }

    void imply_stage(const Failure& failure) {
        if (failure.outcome == Outcome::powered_off)
            return;
        const Stage stage = stage_of(failure.outcome);
        if (failure.kernel && stage > Stage::kernel)
            return reach_stage("kernel");
        // Programs of the initramfs print the same errors; other lines may show where this one ran.
        if (stage == Stage::userspace) {
            userspace_implied_ = true;
            return;
        }
        reach_stage(stage_at(failure.outcome));
    }

    void open_report(LogFinding&& finding, const SavedLine& line) {
        std::size_t begin = here();
        const bool by_kernel = maybe_kernel(line);
        if (fence_ && here() - *fence_ <= fence_reach && line_at(*fence_).caller == line.caller &&
            (!report_ || *fence_ > report_->last))
            begin = *fence_;
        for (std::size_t i = begin; i <= here(); ++i)
            if (maybe_kernel(line_at(i)) == by_kernel && line_at(i).caller == line.caller)
                finding.lines.push_back(line_at(i).text);
        const bool fenced = begin < here() && line_at(begin).said().starts_with("=");
        report_ = OpenReport{said_.findings.size(), here(), here(), line.caller, by_kernel, fenced};
        said_.findings.push_back(std::move(finding));
    }

    /// Adds the line to the open report if it belongs there.
    void grow(const SavedLine& line, bool may_end) {
        OpenReport& report = *report_;
        std::vector<std::string>& lines = said_.findings[report.finding].lines;
        const std::string_view text = line.said();
        if (here() - report.last >= lines_before)
            return report_.reset();
        if (!of_the_same(line, report))
            return;
        const bool ends =
            may_end && (report.fenced || !text.starts_with("=")) && here() - report.head > same_headline;
        const bool own = ends || text.empty() || text.starts_with(' ') || text.starts_with('\t') ||
                         rules_.is_of_report(text) || (here() - report.head <= 1);
        if (!own) {
            std::size_t strangers = 0;
            for (std::size_t i = report.last + 1; i <= here(); ++i)
                strangers += of_the_same(line_at(i), report) ? 1 : 0;
            if (strangers > most_strangers || text.starts_with("====") || text.starts_with("----"))
                report_.reset();
            return;
        }
        for (std::size_t i = report.last + 1; i <= here(); ++i)
            if (of_the_same(line_at(i), report))
                lines.push_back(line_at(i).text);
        report.last = here();
        if (ends || lines.size() >= most_report_lines)
            report_.reset();
    }

    void watch_reboots(const SavedLine& line, const std::vector<LogRules::Match>& matches) {
        const std::string_view text = line.said();
        if (maybe_kernel(line) && has(matches, Meaning::banner)) {
            const bool replay = replaying() && text == banner_text_;
            if (!replay && kernel_began_)
                begin_again(line);
            kernel_began_ = true;
            banner_text_ = std::string(text);
        } else if (kernel_began_ && line.writer != Writer::kernel && has(matches, Meaning::firmware)) {
            begin_again(line);
        }
        if (has(matches, Meaning::replayed))
            replayed_at_ = here();
        goodbye_ = goodbye_ || has(matches, Meaning::announced);
        requested_ = requested_ || has(matches, Meaning::requested);
        saw_emulated_ = saw_emulated_ || has(matches, Meaning::emulated);
        saw_accelerated_ = saw_accelerated_ || has(matches, Meaning::accelerated);
    }

    void begin_again(const SavedLine& line) {
        if (!goodbye_ && said_.findings.size() < most_findings) {
            LogFinding finding{.kind = "unexpected-reboot",
                               .reason = "the machine started again although no reboot was requested",
                               .hint = "the lines before it are the machine's last output",
                               .warning = false,
                               .line = line.number,
                               .boot = said_.stages.size() - 1,
                               .lines = {}};
            for (std::size_t i = here() - std::min(at_, other_lines); i <= here(); ++i)
                finding.lines.push_back(line_at(i).text);
            said_.findings.push_back(std::move(finding));
        }
        end_boot();
        goodbye_ = kernel_began_ = requested_ = in_initramfs_ = settled_ = false;
        said_.stages.emplace_back();
        stage_ = 0;
        suspects_.clear();
        last_words_.clear();
        report_.reset();
    }

    void watch_stages(const SavedLine& line, const std::vector<LogRules::Match>& matches) {
        if (has(matches, Meaning::left_initramfs))
            in_initramfs_ = false;
        else if (has(matches, Meaning::entered_initramfs))
            in_initramfs_ = true;
        for (const LogRules::Match& match : matches) {
            if (match.meaning != Meaning::stage)
                continue;
            const LogWords::Stage& stage = words_.stages[match.index];
            const bool of_kernel = stage.kernel && !maybe_kernel(line);
            // systemd prints the same lines later, outside the initramfs.
            const bool of_initramfs = in_initramfs_ && stage.name == "userspace" && !stage.settled;
            if (of_kernel || of_initramfs)
                continue;
            settled_ = settled_ || stage.settled;
            reach(match.index);
        }
    }

    /// Whether a stage of this name is among the first `count`.
    bool within(std::size_t count, std::string_view name) const {
        return std::any_of(words_.stages.begin(), words_.stages.begin() + static_cast<std::ptrdiff_t>(count),
                           [name](const LogWords::Stage& stage) { return stage.name == name; });
    }
    void end_boot() {
        if (std::exchange(userspace_implied_, false) && !passed("initramfs"))
            said_.stages.back() = "userspace";
    }
    bool passed(std::string_view name) const { return within(stage_, name); }
    void reach_stage(std::string_view name) {
        for (std::size_t i = 0; i < words_.stages.size(); ++i)
            if (words_.stages[i].name == name)
                return reach(i);
    }
    void reach(std::size_t index) {
        if (index + 1 > stage_) {
            stage_ = index + 1;
            said_.stages.back() = words_.stages[index].name;
        }
        // Clears suspicions about the past.
        std::erase_if(suspects_, [&](const Suspect& suspect) {
            const bool cleared = settled_ || (!suspect.settled && within(index + 1, suspect.stage));
            if (cleared)
                said_.findings[suspect.finding].warning = true;
            return cleared;
        });
    }

    LogRules rules_;
    const LogWords& words_;
    std::deque<SavedLine> lines_;  ///< some lines before the judged one, and those after it
    std::size_t at_ = 0;           ///< index of the judged line
    std::size_t dropped_ = 0;      ///< number of lines dropped from the front

    CheckedLog said_;
    std::size_t stage_ = 0;  ///< index in words_.stages: all stages before it are reached
    std::optional<OpenReport> report_;
    std::optional<std::size_t> fence_, replayed_at_;  ///< position of the last such line
    std::vector<Suspect> suspects_;
    std::vector<LastWords> last_words_;
    std::string banner_text_;
    bool kernel_began_ = false, goodbye_ = false, requested_ = false;
    bool in_initramfs_ = false, settled_ = false;
    bool userspace_implied_ = false;  ///< by a failure, if no other line shows it
    bool saw_emulated_ = false, saw_accelerated_ = false;
};

}  // namespace

const LogFinding* CheckedLog::first_failure() const {
    const auto found = std::ranges::find(findings, false, &LogFinding::warning);
    return found == findings.end() ? nullptr : &*found;
}

std::string CheckedLog::stage() const {
    const LogFinding* failure = first_failure();
    return stages[failure ? failure->boot : stages.size() - 1];
}

CheckedLog check_log(std::string_view bytes, const std::vector<Failure>& failures, const LogWords& words) {
    Checker checker(failures, words);
    read_saved_log(bytes, words, [&checker](SavedLine&& line) { checker.add(std::move(line)); });
    return checker.finish();
}

}  // namespace lktest
