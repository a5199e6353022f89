// SPDX-License-Identifier: MIT
#include "harness/console/check_log.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "harness/console/log_complaint.hpp"
#include "harness/console/log_failure.hpp"
#include "harness/console/log_progress.hpp"
#include "harness/console/log_report.hpp"
#include "harness/console/log_rules.hpp"
#include "harness/console/log_window.hpp"
#include "harness/console/saved_log.hpp"
#include "harness/console/stage.hpp"
#include "harness/scenario/failure.hpp"

namespace lktest {
namespace {

using Writer = SavedLine::Writer;
using Meaning = LogRules::Meaning;

constexpr std::size_t most_findings = 1000, other_lines = 8;
/// A console that starts may print this many lines before it repeats the log.
constexpr std::size_t replay_reach = 8;
/// A program's message counts as the reason if the boot ends within this many lines.
constexpr std::size_t last_words_reach = 12;
/// The rest of a report counts if its headline is missing because the log begins so few lines before.
constexpr std::size_t excerpt_reach = 10;
/// Boots in a row that were restarted before the system was in use.
constexpr std::size_t boots_of_a_loop = 2;
/// The stage by which a boot that failed in this way has come so far.
std::string_view stage_at(Outcome outcome) {
    switch (stage_of(outcome)) {
        case Stage::firmware:
        case Stage::refused: return "firmware";
        case Stage::loader: return "boot-loader";
        case Stage::kernel: return "kernel";
        case Stage::initramfs: return "initramfs";
        case Stage::userspace: break;
    }
    return "userspace";
}

/// The stage that a boot must reach to show that a failure of this kind was harmless.
std::string_view passed_by(Outcome outcome) {
    switch (stage_of(outcome)) {
        case Stage::firmware:
        case Stage::refused: return "boot-loader";
        case Stage::loader: return "kernel";
        case Stage::kernel: return "initramfs";
        case Stage::initramfs:
        case Stage::userspace: break;
    }
    return "userspace";
}

class Checker {
public:
    Checker(const LogRules& rules, const LogWords& words)
        : rules_(rules),
          words_(words),
          failure_(rules_, words, window_),
          report_(rules_, window_),
          complaint_(words),
          progress_(words, [this](std::size_t finding, bool harmless) {
              said_.findings[finding].warning = harmless;
          }) {
        said_.stages.emplace_back();
    }
    Checker(const Checker&) = delete;
    Checker& operator=(const Checker&) = delete;

    /// Judges a line once the lines that may belong to it are known.
    void add(SavedLine line) {
        window_.add(std::move(line));
        if (window_.end() - window_.here() > failure_reach)
            judge_next();
    }

    CheckedLog finish() {
        while (!window_.at_end())
            judge_next();
        believe_end_of_log();
        end_boot();
        said_.emulated = saw_emulated_ && !saw_accelerated_;
        if (said_.emulated)
            for (LogFinding& finding : said_.findings)
                finding.warning = finding.warning || contains(words_.emulated_warnings, finding.kind);
        std::ranges::stable_sort(said_.findings, {}, &LogFinding::line);
        return std::move(said_);
    }

private:
    struct LastWords {
        LogFinding finding;
        std::size_t at = 0;
    };

    static bool contains(const std::vector<std::string>& names, const std::string& name) {
        return std::ranges::find(names, name) != names.end();
    }
    std::size_t here() const { return window_.here(); }

    void judge_next() {
        judge(window_.current());
        window_.advance();
        ++said_.lines;
    }

    void judge(const SavedLine& line) {
        const std::vector<LogRules::Match> matches = rules_.matches(line.said());
        watch_reboots(line, matches);
        if (line.writer == Writer::kernel) {
            // A log that starts in the middle: the kernel's clock is not at zero.
            kernel_began_ = kernel_began_ || (line.message > 0 && !at_zero(line));
            if (!progress_.passed("kernel"))
                complaint_.forget();  // it was the loader's
            progress_.reach("kernel");
        }
        if (progress_.watch(matches, maybe_kernel(line)))
            complaint_.forget();
        watch_programs(line, matches);
        said_.known_lines += line.writer == Writer::kernel || !matches.empty() ? 1 : 0;
        if (const Failure* failure = failure_.find(matches, kernel_began_))
            meet(*failure, line);
        else if (report_.is_open())
            report_.grow(said_.findings, has(matches, Meaning::report_end));
        else
            remember_last_words(line, matches);
        watch_complaints(line, matches);
        if (maybe_kernel(line) && has(matches, Meaning::report_open))
            report_.fence();
    }

    /// Whether the stamp shows that the kernel's clock has not started: "[    0.000000]", "[0.000000@0]".
    static bool at_zero(const SavedLine& line) {
        const std::size_t digits = line.text.find_first_of("0123456789", line.text.find('['));
        return digits < line.message && std::string_view(line.text).substr(digits).starts_with("0.000000");
    }
    /// A console that comes up late repeats the log from its beginning.
    bool replaying() const { return replayed_at_ && here() - *replayed_at_ <= replay_reach; }

    LogFinding finding_of(const Failure& failure, const SavedLine& line) const {
        return {.kind = failure.name,
                .reason = reason_in(failure, LogRules::text_for(failure, line.said())),
                .hint = failure.hint,
                .warning = failure.warning && failure.report == KernelReport::none,
                .line = line.number,
                .boot = said_.stages.size() - 1,
                .lines = {}};
    }

    /// The end of a report repeats its headline.
    bool repeats_a_report(const SavedLine& line) const {
        return line.said().starts_with("---[ end") && is_explained();
    }

    /// A report whose beginning was cut off is named by its last line, which repeats the headline.
    void name_rest(const Failure& failure, const SavedLine& line) {
        if (said_.findings.empty() || contains(words_.rests, failure.name))
            return;
        LogFinding& rest = said_.findings.back();
        if (!contains(words_.rests, rest.kind) || rest.boot + 1 != said_.stages.size())
            return;
        std::vector<std::string> lines = std::move(rest.lines);
        rest = finding_of(failure, line);
        rest.lines = std::move(lines);
    }

    void meet(const Failure& failure, const SavedLine& line) {
        if (line.said().starts_with("---[ end"))
            name_rest(failure, line);
        if (report_.takes(failure))
            return report_.grow(said_.findings, false);
        if (said_.findings.size() >= most_findings || repeats_a_report(line) ||
            (contains(words_.rests, failure.name) && (said_.lines >= excerpt_reach || is_explained())))
            return;
        LogFinding finding = finding_of(failure, line);
        if (!finding.warning)
            finding.warning = is_excused(failure);
        if (!finding.warning) {
            if (contains(words_.process_one_ended, failure.name))
                imply_process_one();
            if (stage_of(failure.outcome) >= Stage::kernel && !failure.tentative)
                believe_last_words(failure.kernel);
            imply_stage(failure);
            suspect(failure);
        }
        if (failure.report != KernelReport::none)
            report_.open(finding, said_.findings.size());
        else
            for (std::size_t i = here(); i < std::min(window_.end(), here() + other_lines); ++i)
                finding.lines.push_back(window_.at(i).text);
        said_.findings.push_back(std::move(finding));
    }

    /// Whether a failure does not count at this point of the boot.
    bool is_excused(const Failure& failure) const {
        const Stage stage = stage_of(failure.outcome);
        if (requested_ && contains(words_.request_warnings, failure.name))
            return true;
        if (failure.outcome == Outcome::powered_off)
            return goodbye_ || progress_.passed("initramfs");
        if (failure.report != KernelReport::none)
            return false;
        if (failure.tentative)
            return progress_.settled() || (stage >= Stage::kernel && stage < Stage::userspace &&
                                           progress_.passed(passed_by(failure.outcome)));
        return progress_.settled() && !failure.kernel && stage <= Stage::initramfs;
    }

    /// Records which stage clears the next finding.
    void suspect(const Failure& failure) {
        const Stage stage = stage_of(failure.outcome);
        LogProgress::Suspect suspect{said_.findings.size(), failure.name, passed_by(failure.outcome), false};
        if (failure.report != KernelReport::none) {
            // A machine that was only slow continues.
            if (!failure.tentative || progress_.settled())
                return;
            suspect.stage = "userspace";
        } else if (failure.tentative) {
            suspect.settled = stage == Stage::userspace;
        } else if (!failure.kernel && stage <= Stage::initramfs) {
            if (stage == Stage::refused)
                suspect.stage = "kernel";
            suspect.settled = stage == Stage::initramfs;
        } else {
            return;
        }
        progress_.suspect(std::move(suspect));
    }

    void remember_last_words(const SavedLine& line, const std::vector<LogRules::Match>& matches) {
        const auto found = std::ranges::find(matches, Meaning::last_words, &LogRules::Match::meaning);
        if (found == matches.end() || progress_.settled())
            return;
        const Failure& words = words_.last_words[found->index];
        if (!LogFailure::is_harmless(words, line.said()))
            last_words_.push_back({finding_of(words, line), here()});
    }

    /// Takes the programs' output shortly before the end as its reason.
    void believe_last_words(bool of_kernel) {
        for (LastWords& words : last_words_)
            if (here() - words.at <= last_words_reach && said_.findings.size() < most_findings) {
                for (std::size_t i = words.at; i <= here(); ++i)
                    words.finding.lines.push_back(window_.at(i).text);
                // A shell of the initramfs may be left again, a panic not.
                if (!of_kernel)
                    progress_.suspect({said_.findings.size(), words.finding.kind, "userspace", true});
                said_.findings.push_back(std::move(words.finding));
            }
        last_words_.clear();
    }

    /// Whether programs ran, and in which root file system.
    void watch_programs(const SavedLine& line, const std::vector<LogRules::Match>& matches) {
        programs_spoke_ =
            programs_spoke_ || (kernel_began_ && line.writer == Writer::program && !line.text.empty());
        manager_spoke_ = manager_spoke_ || has(matches, Meaning::manager);
        root_mounted_ = root_mounted_ || (maybe_kernel(line) && has(matches, Meaning::root_mounted));
    }

    /// Process 1 ended, so it had run.
    void imply_process_one() {
        if (root_mounted_)
            progress_.imply("userspace");
        else if (programs_spoke_ || !last_words_.empty())
            progress_.imply("initramfs");
    }

    /// A complaint is a failure if hardly anything follows it, or if programs then stop the machine.
    void watch_complaints(const SavedLine& line, const std::vector<LogRules::Match>& matches) {
        if (progress_.settled())
            return complaint_.forget();
        if (const LogComplaint::Said* said = complaint_.before_stop(matches); said && !is_explained())
            believe(*said);
        complaint_.watch(line, matches);
    }
    void believe_end_of_log() {
        const LogComplaint::Said* said = complaint_.at_end(progress_.stage());
        const bool in_use = manager_spoke_ && !progress_.passed("initramfs");
        if (said && !in_use && !is_explained() && !goodbye_ && !requested_)
            believe(*said);
    }
    void believe(const LogComplaint::Said& said) {
        if (said_.findings.size() >= most_findings)
            return;
        said_.findings.push_back(finding_of(*said.failure, said.line));
        said_.findings.back().lines.push_back(said.line.text);
    }
    /// Whether this boot has a failure.
    bool is_explained() const {
        return std::ranges::any_of(said_.findings, [this](const LogFinding& finding) {
            return finding.boot + 1 == said_.stages.size() && !finding.warning;
        });
    }

    void imply_stage(const Failure& failure) {
        if (failure.outcome == Outcome::powered_off)
            return;
        const Stage stage = stage_of(failure.outcome);
        if (failure.kernel && stage > Stage::kernel)
            return progress_.reach("kernel");
        // Programs of the initramfs fail in the same words: other lines may say where this one ran.
        if (stage == Stage::userspace) {
            userspace_implied_ = true;
            return;
        }
        if (failure.tentative)
            progress_.imply(stage_at(failure.outcome));
        else
            progress_.reach(stage_at(failure.outcome));
    }

    void watch_reboots(const SavedLine& line, const std::vector<LogRules::Match>& matches) {
        const std::string_view text = line.said();
        if (maybe_kernel(line) && has(matches, Meaning::banner)) {
            const bool replay = replaying() && text == banner_text_;
            if (!replay && kernel_began_)
                begin_again(line);
            kernel_began_ = true;
            banner_text_ = std::string(text);
        } else if (line.writer != Writer::kernel && has(matches, Meaning::firmware)) {
            if (kernel_began_ || is_loop_of_loader(text))
                begin_again(line);
        }
        if (has(matches, Meaning::replayed))
            replayed_at_ = here();
        goodbye_ = goodbye_ || has(matches, Meaning::announced);
        requested_ = requested_ || has(matches, Meaning::requested);
        saw_emulated_ = saw_emulated_ || has(matches, Meaning::emulated);
        saw_accelerated_ = saw_accelerated_ || has(matches, Meaning::accelerated);
    }

    /// A loader that never starts a kernel and greets again. Boards with two kinds of processors run its
    /// first stage twice, with the same banner.
    bool is_loop_of_loader(std::string_view text) {
        constexpr std::size_t most_banners = 16;
        if (!text.starts_with("U-Boot ") || greetings_.size() > most_banners)
            return false;
        const bool is_first_stage = text.starts_with("U-Boot SPL") || text.starts_with("U-Boot TPL");
        std::size_t& greetings = greetings_[std::string(text)];
        return ++greetings > (is_first_stage ? 2U : 1U);
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
            for (std::size_t i = here() - std::min(here(), other_lines); i <= here(); ++i)
                finding.lines.push_back(window_.at(i).text);
            said_.findings.push_back(std::move(finding));
        }
        end_boot();
        watch_loop(line);
        goodbye_ = kernel_began_ = requested_ = programs_spoke_ = root_mounted_ = manager_spoke_ = false;
        greetings_.clear();
        said_.stages.emplace_back();
        progress_.restart();
        last_words_.clear();
        complaint_.forget();
        report_.close();
    }

    /// A machine that restarts itself, on request, before anyone can use it.
    void watch_loop(const SavedLine& line) {
        unused_boots_ = progress_.settled() || !goodbye_ ? 0 : unused_boots_ + 1;
        if (unused_boots_ == boots_of_a_loop && said_.findings.size() < most_findings)
            said_.findings.push_back({.kind = "reboot-loop",
                                      .reason = "the system restarts itself each time before it is in use",
                                      .hint = "the lines before each restart say which program asked for it",
                                      .warning = false,
                                      .line = line.number,
                                      .boot = said_.stages.size() - 1,
                                      .lines = {line.text}});
    }

    void end_boot() {
        const bool of_userspace =
            (std::exchange(userspace_implied_, false) || manager_spoke_) && !progress_.passed("initramfs");
        said_.stages.back() = of_userspace ? "userspace" : std::string(progress_.stage());
    }

    const LogRules& rules_;
    const LogWords& words_;
    LogWindow window_;
    LogFailure failure_;
    LogReport report_;
    LogComplaint complaint_;
    CheckedLog said_;
    LogProgress progress_;
    std::optional<std::size_t> replayed_at_;  ///< position of the last such line
    std::vector<LastWords> last_words_;
    std::string banner_text_;
    std::map<std::string, std::size_t> greetings_;  ///< how often the loader printed each banner
    std::size_t unused_boots_ = 0;
    bool kernel_began_ = false, goodbye_ = false, requested_ = false;
    bool programs_spoke_ = false, root_mounted_ = false;
    bool manager_spoke_ = false;      ///< systemd reported the start of units
    bool userspace_implied_ = false;  ///< by a failure, should no line say more
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

CheckedLog check_log(std::string_view bytes, const LogRules& rules, const LogWords& words) {
    Checker checker(rules, words);
    read_saved_log(bytes, words, [&checker](SavedLine&& line) { checker.add(std::move(line)); });
    return checker.finish();
}

}  // namespace lktest
