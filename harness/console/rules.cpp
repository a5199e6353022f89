// SPDX-License-Identifier: MIT
#include "harness/console/rules.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "builder/base/re2_text.hpp"
#include "harness/console/stage.hpp"

namespace lktest {
namespace {

constexpr std::int64_t set_memory = std::int64_t{64} << 20;

constexpr std::size_t longest_prompt = 160;

re2::RE2::Options set_options() {
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(set_memory);
    return options;
}

bool comes_first(const Hit& a, const Hit& b) {
    return std::tie(a.kind, a.index) < std::tie(b.kind, b.index);
}

/// "~ # ", "root@host:~# ", "bash-5.2$ ", "[root@host ~]# ", "grub> ", "Shell> ", "FS0:\> ", "(initramfs) ".
const re2::RE2& shell_prompt() {
    static const re2::RE2 expression(
        R"((?:[\w.@:~/+-]{0,60} ?[#$] |\[[^\[\]]{1,60}\][#$] |(?:grub|grub rescue|Shell|[A-Z]+\d+:[^> ]{0,60})> |\(initramfs\) |boot: ))");
    return expression;
}

const re2::RE2& any_prompt() {
    static const re2::RE2 expression(
        R"((?i)(?:[#$>] ?|(?:login|password|passphrase[^:]*|boot):? ?|\(initramfs\) ?|\[[^\]]*\]:? ?\??|(?:press|hit) .{0,60}|\? ?)$)");
    return expression;
}

}  // namespace

PatternSet::PatternSet(re2::RE2::Anchor anchor)
    : anchor_(anchor), set_(std::make_unique<re2::RE2::Set>(set_options(), anchor)) {}

void PatternSet::add(const Pattern& pattern, Hit hit) {
    set_->Add(pattern->pattern(), nullptr);
    entries_.push_back({pattern, hit});
}

void PatternSet::compile() {
    if (!set_->Compile())
        set_.reset();
}

std::vector<Hit> PatternSet::matches(std::string_view text) const {
    std::vector<Hit> hits;
    if (entries_.empty())
        return hits;
    std::vector<int> found;
    re2::RE2::Set::ErrorInfo error{};
    if (set_ && set_->Match(to_re2(text), &found, &error)) {
        for (const int index : found)
            hits.push_back(entries_[static_cast<std::size_t>(index)].hit);
    } else if (!set_ || error.kind != re2::RE2::Set::kNoError) {
        // Together they exceed the set's memory limit, so match one by one.
        for (const Entry& entry : entries_)
            if (entry.pattern->Match(to_re2(text), 0, text.size(), anchor_, nullptr, 0))
                hits.push_back(entry.hit);
    }
    std::ranges::sort(hits, comes_first);
    hits.erase(std::unique(hits.begin(), hits.end()), hits.end());
    return hits;
}

Rules::Rules(std::vector<Milestone> milestones, std::vector<Failure> failures)
    : milestones_(std::move(milestones)), failures_(std::move(failures)) {
    for (std::size_t i = 0; i < milestones_.size(); ++i)
        for (const Pattern& pattern : milestones_[i].patterns) {
            const Hit hit{Hit::Kind::milestone, i};
            if (milestones_[i].view == View::screen) {
                rows_.add(pattern, hit);
                continue;
            }
            lines_.add(pattern, hit);
            behind_prompt_.add(pattern, hit);
            reports_.add(pattern, hit);
            if (milestones_[i].view == View::prompt)
                prompts_.add(pattern, hit);
        }
    for (std::size_t i = 0; i < failures_.size(); ++i)
        for (const Pattern& pattern : failures_[i].patterns) {
            const Hit hit{Hit::Kind::failure, i};
            switch (failures_[i].view) {
                case View::screen: rows_.add(pattern, hit); break;
                case View::prompt: prompts_.add(pattern, hit); break;
                case View::lines:
                    if (failures_[i].kernel) {
                        records_.add(pattern, hit);
                    } else {
                        lines_.add(pattern, hit);
                        behind_prompt_.add(pattern, hit);
                    }
            }
        }
    for (PatternSet* set : {&lines_, &behind_prompt_, &records_, &prompts_, &rows_, &reports_})
        set->compile();
}

std::vector<Hit> Rules::match(const PatternSet& set, std::string_view text) {
    if (!set.empty())
        bytes_matched_ += text.size();
    std::vector<Hit> hits = set.matches(text);
    std::erase_if(hits, [&](const Hit& hit) {
        if (hit.kind != Hit::Kind::failure)
            return false;
        // After the kernel has printed anything, firmware and loader print no more; a program may imitate
        // them.
        const bool too_late = stage_of(failures_[hit.index].outcome) < Stage::kernel;
        return ((prefixed_kernel_ || bare_kernel_) && too_late) ||
               std::ranges::any_of(failures_[hit.index].harmless, [text](const Pattern& harmless) {
                   return re2::RE2::PartialMatch(to_re2(text), *harmless);
               });
    });
    return hits;
}

std::vector<Hit> Rules::on_line(const ConsoleLine& line) {
    const std::string_view said = line.said();
    if (line.kernel())
        return on_record(said);
    // A kernel without time stamps (printk.time=0) is recognized by its first line.
    if (!prefixed_kernel_ && said.starts_with("Linux version ") && said.find(" #") != said.npos)
        bare_kernel_ = true;

    const std::size_t prompt = prompt_length(said);
    if (prompt > 0)
        return match(behind_prompt_, said.substr(prompt));
    return bare_kernel_ ? match_record(said) : match(lines_, said);
}

std::vector<Hit> Rules::on_record(std::string_view said) {
    prefixed_kernel_ = true;
    return match_record(said);
}

std::vector<Hit> Rules::match_record(std::string_view said) {
    std::vector<Hit> hits = match(lines_, said);
    const std::vector<Hit> more = match(records_, said);
    hits.insert(hits.end(), more.begin(), more.end());
    std::ranges::sort(hits, comes_first);
    return hits;
}

std::vector<Hit> Rules::on_prompt(std::string_view text) {
    return match(prompts_, text);
}

std::vector<Hit> Rules::on_row(std::string_view text) {
    return match(rows_, text);
}

std::vector<Hit> Rules::on_report(std::string_view text) {
    return match(reports_, text);
}

std::size_t prompt_length(std::string_view line) {
    // After a prompt with empty input the next prompt follows.
    std::size_t length = 0;
    for (int repeated = 0; repeated < 8; ++repeated) {
        const re2::StringPiece rest = to_re2(line.substr(length, longest_prompt));
        re2::StringPiece prompt;
        if (!shell_prompt().Match(rest, 0, rest.size(), re2::RE2::ANCHOR_START, &prompt, 1))
            break;
        length += prompt.size();
    }
    return length;
}

bool looks_like_prompt(std::string_view line) {
    const std::size_t tail = line.size() - std::min(line.size(), longest_prompt);
    return re2::RE2::PartialMatch(to_re2(line.substr(tail)), any_prompt());
}

}  // namespace lktest
