// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "harness/console/printk.hpp"
#include "harness/diagnose/diagnosis.hpp"

namespace lktest {
namespace {

/// Columns of a reason that fit into four lines of a terminal report.
constexpr std::size_t reason_limit = 250;

std::string as_sentence(std::string text) {
    if (!text.empty() && text.front() >= 'a' && text.front() <= 'z')
        text.front() = static_cast<char>(text.front() - 'a' + 'A');
    return text;
}

std::string state_sentence(const Diagnosis& diagnosis) {
    return ". " + as_sentence(diagnosis.summary);
}

/// The words that carry the meaning of a text, in lower case.
std::set<std::string> content_words(std::string_view text) {
    static const std::set<std::string_view> others{
        "the", "and", "that",  "its",  "not",    "for",  "has", "was",  "with", "which", "from", "are",
        "but", "can", "could", "does", "cannot", "this", "did", "have", "had",  "any",   "all",  "itself"};
    std::set<std::string> words;
    std::string word;
    const auto end_word = [&] {
        if (word.size() > 2 && !others.contains(word))
            words.insert(word);
        word.clear();
    };
    for (const char c : text) {
        const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        if ((lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9') || lower == '/' || lower == '_')
            word += lower;
        else
            end_word();
    }
    end_word();
    return words;
}

/// Whether `text` has hardly a word that `said` does not have.
bool repeats(std::string_view text, std::string_view said) {
    const std::set<std::string> words = content_words(text), known = content_words(said);
    const auto fresh =
        std::ranges::count_if(words, [&](const std::string& word) { return !known.contains(word); });
    return static_cast<std::size_t>(fresh) * 4 <= words.size();
}

/// Removes the beginning and a quoted end of a cause if the reason says the same already.
std::string without_repetition(std::string cause, std::string_view reason) {
    constexpr std::string_view quotation = ": '";
    if (const std::size_t quote = cause.find(quotation);
        quote != cause.npos && cause.ends_with('\'') && repeats(cause.substr(quote), reason))
        cause.resize(quote);
    while (!cause.empty()) {
        const std::size_t end = std::min(cause.find(": "), cause.size());
        if (!repeats(std::string_view(cause).substr(0, end), reason))
            break;
        cause.erase(0, end + 2);
    }
    return cause;
}

/// Cuts explanations off the end of a text that is too long.
std::string shortened(std::string text, std::size_t room) {
    constexpr std::size_t least = 40;
    while (text.size() > room) {
        const std::size_t end = std::max(text.rfind(": ") + 1, text.rfind("; ") + 1);
        if (end <= least)
            break;
        text.resize(end - 1);
    }
    return text;
}

/// "The file …" as the rest of a sentence; names keep their capital.
std::string as_rest(std::string text) {
    for (const std::string_view word : {"The ", "A ", "An ", "This ", "No ", "There ", "Its ", "One "})
        if (text.starts_with(word))
            text.front() = static_cast<char>(text.front() - 'A' + 'a');
    return text;
}

/// The cause in at most `room` characters if possible, without what the reason says already.
std::string cause_sentence(const RankedCause& cause, std::string_view reason, std::size_t room) {
    if (cause.detail.empty())
        return shortened(without_repetition(cause.cause, reason), room);
    const std::string detail = as_rest(cause.detail);
    std::string general =
        without_repetition(cause.cause.substr(0, cause.cause.size() - cause.detail.size() - 2), reason);
    const bool fits = !general.empty() && general.size() + 2 + detail.size() <= room;
    return fits ? general + ": " + detail : shortened(detail, room);
}

/// Silence is not a cause, so it follows the cause.
std::string silence_sentence(const Diagnosis& diagnosis) {
    return diagnosis.silence ? ". " + as_sentence(diagnosis.silence->reason) : "";
}

std::string_view without_padding(std::string_view line) {
    return line.substr(0, line.find_last_not_of(" \t\r") + 1);
}

}  // namespace

void extend(Verdict& verdict, const Diagnosis& diagnosis) {
    using enum Outcome;
    const auto ended_by = [&](std::initializer_list<Outcome> outcomes) {
        return std::ranges::find(outcomes, verdict.outcome) != outcomes.end();
    };
    const bool undecided = ended_by({silent, at_prompt, milestone_deadline, reboot_loop, powered_off});
    const bool in_kernel = ended_by({kernel_crash, kernel_hang});
    if ((!undecided && !in_kernel) || diagnosis.stage == BootStage::unknown)
        return;
    if (undecided)
        verdict.reason += state_sentence(diagnosis);
    // The console may have shown only the last error of a chain.
    if (!diagnosis.proof.empty() && !verdict.reason.starts_with(diagnosis.reason)) {
        verdict.reason += fmt::format(". Its log says: {}", diagnosis.reason);
        verdict.evidence = diagnosis.proof;
        verdict.hint = diagnosis.fix;
        // A reboot loop keeps its outcome: the cause says why each boot ended.
        if (diagnosis.outcome != passed && verdict.outcome != reboot_loop)
            verdict.outcome = diagnosis.outcome;
    } else if (undecided && diagnosis.silence && diagnosis.silence->name.starts_with("kernel-")) {
        verdict.evidence = diagnosis.last_lines;
    }
    verdict.reason += silence_sentence(diagnosis);
    if (diagnosis.silence && verdict.hint.empty())
        verdict.hint = diagnosis.silence->fix;
}

void add_lines_before(Verdict& verdict, const std::vector<std::string>& console) {
    constexpr std::size_t most_of_programs = 2, most_of_kernel = 1, looked_at = 40, least_row = 20;
    if (verdict.evidence.empty())
        return;
    std::vector<std::string> shown;
    const auto is_shown = [&shown](std::string_view line) {
        // A screen breaks lines into rows, pads them, and repaints a line while it grows.
        line = without_padding(line);
        return std::ranges::any_of(shown, [&](std::string_view earlier) {
            earlier = without_padding(earlier);
            return earlier == line ||
                   (line.size() >= least_row && (earlier.ends_with(line) || earlier.starts_with(line)));
        });
    };
    const auto first = std::find(console.rbegin(), console.rend(), verdict.evidence.front());
    if (first != console.rend()) {
        std::size_t programs = 0, kernel = 0, looked = 0;
        for (auto line = first + 1; line != console.rend() && looked < looked_at; ++line, ++looked) {
            const auto prefix = find_printk_prefix(*line);
            const bool of_kernel = prefix && prefix->begin == 0;
            if (line->find_first_not_of(" \t\r") == std::string::npos || is_shown(*line))
                continue;
            // The kernel may have printed much between a program's last line and its own panic.
            if (of_kernel ? kernel++ < most_of_kernel : programs++ < most_of_programs)
                shown.push_back(*line);
        }
        std::ranges::reverse(shown);
    }
    for (const std::string& line : verdict.evidence)
        if (!is_shown(line))
            shown.push_back(line);
    verdict.evidence = std::move(shown);
}

std::vector<std::string> end_of_console(const std::vector<std::string>& console) {
    constexpr std::size_t most = 24, longest = 400;
    std::vector<std::string> lines;
    for (auto line = console.rbegin(); line != console.rend() && lines.size() < most; ++line)
        if (line->find_first_not_of(" \t\r") != std::string::npos)
            lines.push_back(line->substr(0, longest));
    std::ranges::reverse(lines);
    return lines;
}

void strip_frames(std::vector<std::string>& lines) {
    constexpr std::string_view replacement = "\xef\xbf\xbd";
    const auto is_word = [](char c) { return c > ' ' && c <= '~'; };
    std::vector<std::string> kept;
    for (std::string& line : lines) {
        if (line.find(replacement) == line.npos) {
            kept.push_back(std::move(line));
            continue;
        }
        const auto first = std::ranges::find_if(line, is_word);
        const auto last = std::find_if(line.rbegin(), line.rend(), is_word).base();
        if (first < last)
            kept.emplace_back(first, last);
    }
    lines = std::move(kept);
}

void explain(Verdict& verdict, Diagnosis& diagnosis, std::vector<RankedCause> causes) {
    diagnosis.causes = std::move(causes);
    if (diagnosis.causes.empty())
        return;
    const RankedCause& first = diagnosis.causes.front();
    constexpr std::string_view introduction = ". Most likely: ";
    std::string silence = silence_sentence(diagnosis);
    if (silence.empty() || !verdict.reason.ends_with(silence))
        silence.clear();
    verdict.reason.resize(verdict.reason.size() - silence.size());
    if (first.id.starts_with("console-"))
        silence.clear();
    const std::string state = state_sentence(diagnosis);
    const std::size_t at = verdict.reason.find(state);
    const auto size_with = [&](std::size_t cause) {
        return verdict.reason.size() + introduction.size() + cause + silence.size();
    };
    if (at != std::string::npos && size_with(first.cause.size()) > reason_limit)
        verdict.reason.erase(at, state.size());
    const std::size_t room = reason_limit - std::min(size_with(0), reason_limit);
    if (const std::string cause = cause_sentence(first, verdict.reason, room); !cause.empty()) {
        if (verdict.reason.ends_with('.'))
            verdict.reason.pop_back();
        verdict.reason.append(introduction).append(cause);
    }
    verdict.reason += silence;
    // The line that shows the cause is often in the evidence already.
    for (const std::string& shown : first.evidence) {
        const bool decides = shown.starts_with("on the medium: ") || shown.starts_with("measured: ");
        if (std::ranges::find(verdict.evidence, shown) == verdict.evidence.end())
            verdict.evidence.insert(decides ? verdict.evidence.end() : verdict.evidence.begin(), shown);
    }
    // Cause and fix come from one entry, so they cannot contradict each other.
    verdict.hint = first.fix;
    verdict.on_medium = first.on_medium;
}

}  // namespace lktest
