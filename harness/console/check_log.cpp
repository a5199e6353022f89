// SPDX-License-Identifier: MIT
#include "harness/console/check_log.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "harness/console/rules.hpp"
#include "harness/console/saved_log.hpp"
#include "harness/console/stage.hpp"
#include "harness/scenario/failure.hpp"

namespace lktest {
namespace {

using Writer = SavedLine::Writer;

constexpr std::size_t most_findings = 1000, most_report_lines = 400, other_lines = 8;
/// How far the lines of one report may be apart, and where its first line stands behind its fence.
constexpr std::size_t most_strangers = 4, fence_reach = 8;
/// Within so many lines a second headline belongs to the first; "part"s do for longer.
constexpr std::size_t same_headline = 3, same_report = 30;
/// A line that nobody can say to be the kernel's is, when a dump follows it.
constexpr std::size_t dump_reach = 40, dump_lines = 2;

class Words {
public:
    Words(const std::vector<Pattern>& patterns, re2::RE2::Anchor anchor) : set_(anchor) {
        for (const Pattern& pattern : patterns)
            set_.add(pattern, {});
        set_.compile();
    }
    bool match(std::string_view text) const { return !set_.matches(text).empty(); }

private:
    PatternSet set_;
};

std::vector<Failure> reports_of(const std::vector<Failure>& failures) {
    std::vector<Failure> reports;
    std::ranges::copy_if(failures, std::back_inserter(reports),
                         [](const Failure& failure) { return failure.report != KernelReport::none; });
    return reports;
}

/// The stage of LogWords by which a boot must have passed a failure of this kind, to be none.
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
    Checker(std::vector<SavedLine> lines, const std::vector<Failure>& failures, const LogWords& words)
        : lines_(std::move(lines)),
          rules_({}, failures),
          unproven_({}, reports_of(failures)),
          words_(words),
          open_(words.report_open, re2::RE2::ANCHOR_START),
          body_(words.report_body, re2::RE2::ANCHOR_START),
          end_(words.report_end, re2::RE2::ANCHOR_START),
          banner_(words.banner, re2::RE2::ANCHOR_START),
          announced_(words.announced, re2::RE2::UNANCHORED),
          replayed_(words.replayed, re2::RE2::ANCHOR_START),
          emulated_(words.emulated, re2::RE2::ANCHOR_START),
          accelerated_(words.accelerated, re2::RE2::UNANCHORED) {
        for (const LogWords::Stage& stage : words.stages)
            stages_.emplace_back(stage.patterns,
                                 stage.kernel ? re2::RE2::ANCHOR_START : re2::RE2::UNANCHORED);
    }

    CheckedLog check() {
        said_.stages.emplace_back();
        for (at_ = 0; at_ < lines_.size(); ++at_)
            take(lines_[at_]);
        said_.lines = lines_.size();
        said_.emulated = saw_emulated_ && !saw_accelerated_;
        if (said_.emulated)
            for (LogFinding& finding : said_.findings)
                finding.warning =
                    finding.warning || std::ranges::find(words_.emulated_warnings, finding.kind) !=
                                           words_.emulated_warnings.end();
        return std::move(said_);
    }

private:
    /// A report whose lines still come.
    struct OpenReport {
        std::size_t finding = 0;
        std::size_t head = 0;  ///< index of its headline
        std::size_t last = 0;  ///< index of the last line that is known to be its own
        std::string caller;
        bool kernel = true;   ///< its lines are the kernel's, or may be
        bool fenced = false;  ///< "=====" stands before it, so another one ends it
    };

    bool kernel(const SavedLine& line) const { return line.writer == Writer::kernel; }
    bool maybe_kernel(const SavedLine& line) const { return line.writer != Writer::program; }
    bool of_the_same(const SavedLine& line, const OpenReport& report) const {
        return maybe_kernel(line) == report.kernel && line.caller == report.caller;
    }

    void take(const SavedLine& line) {
        const std::string_view text = line.said();
        watch_reboots(line);
        watch_stages(line);
        saw_emulated_ = saw_emulated_ || emulated_.match(text);
        saw_accelerated_ = saw_accelerated_ || accelerated_.match(text);
        if (const Failure* failure = failure_in(line))
            meet(*failure, line);
        else if (report_)
            grow(line);
        if (maybe_kernel(line) && open_.match(text))
            fence_ = at_;
    }

    /// The first failure of the catalogue that the line is; null: none.
    const Failure* failure_in(const SavedLine& line) {
        const std::vector<Hit> hits =
            kernel(line) ? rules_.on_record(line.said()) : rules_.on_line({{}, line.text, line.message});
        if (!hits.empty()) {
            const Failure& failure = rules_.failures()[hits.front().index];
            if (kernel(line) || !failure.kernel || failure.report == KernelReport::none || dump_follows())
                return &failure;
        }
        if (line.writer == Writer::unknown)
            if (const std::vector<Hit> reports = unproven_.on_record(line.said());
                !reports.empty() && dump_follows())
                return &unproven_.failures()[reports.front().index];
        if (line.ended)
            return nullptr;
        const std::vector<Hit> prompts = rules_.on_prompt(line.text);
        return prompts.empty() ? nullptr : &rules_.failures()[prompts.front().index];
    }

    bool dump_follows() const {
        std::size_t found = 0;
        const std::size_t end = std::min(lines_.size(), at_ + 1 + dump_reach);
        for (std::size_t i = at_ + 1; i < end && found < dump_lines; ++i)
            found += maybe_kernel(lines_[i]) && body_.match(lines_[i].said()) ? 1 : 0;
        return found == dump_lines;
    }

    void meet(const Failure& failure, const SavedLine& line) {
        if (report_ && failure.report != KernelReport::none && line.caller == report_->caller) {
            const std::size_t since = at_ - report_->head;
            if (since <= same_headline || (failure.report == KernelReport::part && since <= same_report))
                return grow(line);
        }
        if (said_.findings.size() >= most_findings)
            return;
        LogFinding finding{.kind = failure.name,
                           .reason = reason_in(failure, line.said()),
                           .hint = failure.hint,
                           .warning = failure.warning && failure.report == KernelReport::none,
                           .line = line.number,
                           .boot = said_.stages.size() - 1,
                           .lines = {}};
        if (failure.tentative && failure.report == KernelReport::none)
            suspects_.emplace(said_.findings.size(), passed_by(failure.outcome));
        if (failure.report == KernelReport::none) {
            for (std::size_t i = at_; i < std::min(lines_.size(), at_ + other_lines); ++i)
                finding.lines.push_back(lines_[i].text);
            said_.findings.push_back(std::move(finding));
            return;
        }
        std::size_t begin = at_;
        const bool by_kernel = maybe_kernel(line);
        if (fence_ && at_ - *fence_ <= fence_reach && lines_[*fence_].caller == line.caller &&
            (!report_ || *fence_ > report_->last))
            begin = *fence_;
        for (std::size_t i = begin; i <= at_; ++i)
            if (maybe_kernel(lines_[i]) == by_kernel && lines_[i].caller == line.caller)
                finding.lines.push_back(lines_[i].text);
        report_ = OpenReport{
            said_.findings.size(), at_,       at_,
            line.caller,           by_kernel, begin < at_ && lines_[begin].said().starts_with("=")};
        said_.findings.push_back(std::move(finding));
    }

    /// Puts the line into the report that is open, when it belongs there.
    void grow(const SavedLine& line) {
        OpenReport& report = *report_;
        std::vector<std::string>& lines = said_.findings[report.finding].lines;
        const std::string_view text = line.said();
        if (!of_the_same(line, report))
            return;
        const bool ends = end_.match(text) && (report.fenced || !text.starts_with("=")) &&
                          at_ - report.head > same_headline;
        const bool own = ends || text.empty() || text.starts_with(' ') || text.starts_with('\t') ||
                         body_.match(text) || (at_ - report.head <= 1);
        if (!own) {
            std::size_t strangers = 0;
            for (std::size_t i = report.last + 1; i <= at_; ++i)
                strangers += of_the_same(lines_[i], report) ? 1 : 0;
            if (strangers > most_strangers || text.starts_with("====") || text.starts_with("----"))
                report_.reset();
            return;
        }
        for (std::size_t i = report.last + 1; i <= at_; ++i)
            if (of_the_same(lines_[i], report))
                lines.push_back(lines_[i].text);
        report.last = at_;
        if (ends || lines.size() >= most_report_lines)
            report_.reset();
    }

    void watch_reboots(const SavedLine& line) {
        const std::string_view text = line.said();
        if (maybe_kernel(line) && banner_.match(text)) {
            const bool replay = replayed_at_ && at_ - *replayed_at_ <= fence_reach && text == banner_text_;
            if (!replay && kernel_began_)
                begin_again(line);
            kernel_began_ = true;
            banner_text_ = std::string(text);
        } else if (kernel_began_ && line.writer != Writer::kernel && line.message == 0 &&
                   stages_.front().match(text)) {
            begin_again(line);
        }
        // A log that begins in the middle: its kernel's clock has moved.
        if (kernel(line) && line.message > 0 && line.text.find("[    0.000000]") == std::string::npos)
            kernel_began_ = true;
        if (maybe_kernel(line) && replayed_.match(text))
            replayed_at_ = at_;
        if (announced_.match(text))
            goodbye_ = true;
    }

    void begin_again(const SavedLine& line) {
        if (!goodbye_ && said_.findings.size() < most_findings) {
            LogFinding finding{.kind = "unexpected-reboot",
                               .reason = "the machine began to boot again, and nobody had asked for it",
                               .hint = "the lines before it are the last that the machine said",
                               .warning = false,
                               .line = line.number,
                               .boot = said_.stages.size() - 1,
                               .lines = {}};
            for (std::size_t i = at_ - std::min(at_, other_lines); i <= at_; ++i)
                finding.lines.push_back(lines_[i].text);
            said_.findings.push_back(std::move(finding));
        }
        goodbye_ = kernel_began_ = false;
        said_.stages.emplace_back();
        stage_ = 0;
        suspects_.clear();
        report_.reset();
        rules_.restart();
    }

    void watch_stages(const SavedLine& line) {
        for (std::size_t i = stages_.size(); i-- > stage_;) {
            const LogWords::Stage& stage = words_.stages[i];
            if ((stage.kernel && !maybe_kernel(line)) || !stages_[i].match(line.said()))
                continue;
            stage_ = i + 1;
            said_.stages.back() = stage.name;
            // What was only suspected did no harm.
            std::erase_if(suspects_, [&](const auto& suspect) {
                const bool passed = std::any_of(
                    words_.stages.begin(), words_.stages.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                    [&](const LogWords::Stage& reached) { return reached.name == suspect.second; });
                if (passed)
                    said_.findings[suspect.first].warning = true;
                return passed;
            });
            return;
        }
    }

    std::vector<SavedLine> lines_;
    Rules rules_;
    Rules unproven_;  ///< for lines that may be the kernel's
    const LogWords& words_;
    std::vector<Words> stages_;
    Words open_, body_, end_, banner_, announced_, replayed_, emulated_, accelerated_;

    CheckedLog said_;
    std::size_t at_ = 0;     ///< index of the line that is read
    std::size_t stage_ = 0;  ///< of words_.stages: all before it are reached
    std::optional<OpenReport> report_;
    std::optional<std::size_t> fence_, replayed_at_;    ///< index of the last such line
    std::map<std::size_t, std::string_view> suspects_;  ///< finding → the stage that clears it
    std::string banner_text_;
    bool kernel_began_ = false, goodbye_ = false;
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
    return Checker(read_saved_log(bytes), failures, words).check();
}

}  // namespace lktest
