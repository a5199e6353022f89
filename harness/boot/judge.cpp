// SPDX-License-Identifier: MIT
#include "harness/boot/judge.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "harness/console/stage.hpp"

namespace lktest {
namespace {

using std::chrono::microseconds;

/// lktest presses Enter on a console that was silent for this long before its deadline.
constexpr microseconds silence = std::chrono::seconds(3);
/// After QEMU stopped, the last bytes may still be in the socket.
constexpr microseconds drain = std::chrono::seconds(1);
/// The network's check ends at the milestone's deadline and knows best what was missing.
constexpr microseconds network_grace = std::chrono::seconds(1);

/// A menu that paints nothing for this long has no countdown. The guest's clock runs at the host's speed.
constexpr microseconds menu_stands = std::chrono::seconds(4);
/// A menu with a countdown, which counts seconds, is skipped once it is fully painted.
constexpr microseconds menu_is_painted = std::chrono::milliseconds(500),
                       countdown_step = std::chrono::milliseconds(1500);
/// The first Enter may come before the menu accepts keys. If three have no effect, more will not help.
constexpr unsigned most_enters = 3;

/// After this many looks, about 200 ms apart, kernel-like text must come from a loader. A kernel's
/// decompressor runs before its programs print anything.
constexpr unsigned enough_looks = 30;
/// After a guest has gone, its memory is searched once more for a kernel.
constexpr microseconds last_look = std::chrono::seconds(10);

/// The computation of a busy CPU may end; a CPU that waits or spins makes no progress.
constexpr int busy_patience = 3;

double seconds(microseconds time) {
    return std::chrono::duration<double>(time).count();
}

/// "30 s", and how long that was on a busy host.
std::string in_seconds(const Watch& watch, microseconds from, microseconds to) {
    const double host = seconds(to - from), guest = seconds(watch.clock().elapsed(from, to));
    return host - guest > std::max(2.0, host / 5)
               ? fmt::format("{:.0f} s ({:.0f} s on this busy host)", guest, host)
               : fmt::format("{:.0f} s", host);
}

/// Explains a console that shows a kernel although none runs; empty if there is nothing to explain.
std::string claim_in_words(const Watch& watch) {
    if (!watch.printed_by_loader().empty())
        return fmt::format("the console shows {}, but no kernel runs: the boot loader printed these lines",
                           fmt::join(watch.printed_by_loader(), ", "));
    return watch.awaits_kernel() ? "the console shows lines of a kernel, but no kernel was seen to run" : "";
}

Verdict verdict(const Watch& watch, const Sighting& seen, Outcome outcome, std::string reason) {
    const Milestone* waiting = watch.waiting_for();
    if (const std::string claim = claim_in_words(watch); !claim.empty())
        reason = reason.empty() ? claim : fmt::format("{}; {}", reason, claim);
    return {.outcome = outcome,
            .reached = watch.last_reached(),
            .missing = waiting ? waiting->name : "",
            .reason = std::move(reason),
            .evidence = watch.last_lines(10),
            .hint = {},
            .took = seen.now};
}

Verdict from_failure(const Watch& watch, const Sighting& seen, const FailureSeen& failure) {
    Verdict said = verdict(watch, seen, failure.outcome, failure.reason);
    said.evidence = failure.evidence;
    said.hint = failure.hint;
    return said;
}

Verdict from_machine(const Watch& watch, const Sighting& seen) {
    switch (seen.machine) {
        case Sighting::Machine::powered_off:
            return verdict(watch, seen, Outcome::powered_off, "the guest switched itself off");
        case Sighting::Machine::panicked:
            return verdict(watch, seen, Outcome::kernel_crash, "the guest triggered its panic device");
        case Sighting::Machine::running:
        case Sighting::Machine::died: break;
    }
    return verdict(watch, seen, Outcome::qemu_died, fmt::format("QEMU ended: {}", seen.machine_reason));
}

Verdict from_deadline(const Watch& watch, const Sighting& seen) {
    const Milestone& waiting = *watch.waiting_for();
    std::string missing = fmt::format("milestone '{}' was not reached within {}", waiting.name,
                                      in_seconds(watch, watch.waiting_since(), seen.now));
    if (const auto early = watch.seen_early(); !early.empty())
        missing += fmt::format(" (but later ones were: {})", fmt::join(early, ", "));
    // A suspicious line is not reported if the boot continues.
    if (const auto& suspect = watch.suspect())
        return from_failure(watch, seen, *suspect);
    if (seen.poked_at && seen.poke_answer.empty()) {
        const std::string since =
            seen.last_byte ? "for " + in_seconds(watch, *seen.last_byte, seen.now) : "from power-on";
        return verdict(
            watch, seen, Outcome::silent,
            fmt::format("{}; the console was silent {} and did not respond to Enter", missing, since));
    }
    const std::string prompt = watch.unfinished_line();
    if (seen.poked_at && watch.at_prompt())
        return verdict(watch, seen, Outcome::at_prompt,
                       fmt::format("{}; the console waits at a prompt: '{}'", missing, prompt));
    return verdict(watch, seen, Outcome::milestone_deadline, missing);
}

/// Set while an answer to Enter may still arrive.
std::optional<Wait> answer_awaited(const Watch& watch, const Sighting& seen, const Limits& limits) {
    const microseconds answer_by = watch.clock().earliest(*seen.poked_at, limits.poke_patience, seen.now);
    return seen.now < answer_by ? std::optional(Wait{answer_by}) : std::nullopt;
}

/// A growing number may be the time of a job; systemd's own jobs take two minutes at most. A script that
/// repeats dots or a sentence often gives up within a minute, and then says why.
constexpr double patience_with_counting = 1.25, patience_with_dots = 0.5;

microseconds times(std::chrono::milliseconds time, double factor) {
    return std::chrono::duration_cast<microseconds>(time * factor);
}

/// How long the guest may show no activity, as a multiple of Scenario::stall, which defaults to two minutes.
/// A CPU that computes gets more time under emulation; one that waits or spins does not. Loaders and guests
/// that show a prompt wait only for keys.
microseconds patience_with(const Watch& watch, const Scenario& scenario, const Sighting& seen,
                           const Limits& limits) {
    constexpr microseconds of_the_dead = std::chrono::seconds(3);
    const Hang hang = seen.standing->hang;
    if (hang == Hang::dead)
        return std::min(of_the_dead, microseconds(scenario.stall));
    const bool asks = watch.at_prompt() || !watch.display_prompt().empty();
    if (asks && (hang != Hang::busy || !watch.kernel_ran()))
        return times(scenario.stall, 1.0 / 12);
    // A loader polls the keyboard. If Enter had no effect on its menu, it waits for another key.
    if (hang == Hang::busy && !watch.kernel_ran())
        return times(scenario.stall, seen.enters >= most_enters ? 0.25 : 2.5);
    if (hang == Hang::busy)
        return times(scenario.stall, limits.scale);
    // An idle system has its timers: a script may wait half a minute before it says why.
    return times(scenario.stall, hang == Hang::spinning || !watch.kernel_ran() ? 0.25 : 0.5);
}

/// Whether to press Enter and give the guest up if it does not answer. A guest that answered is at a prompt,
/// see stays_at_prompt(). A guest that waits for the host's side of the network keeps the rest of its time.
bool hangs(const Watch& watch, const Scenario& scenario, const Sighting& seen, const Limits& limits) {
    if (!seen.standing || watch.waiting_for()->network || is_visible(seen.poke_answer))
        return false;
    return watch.clock().elapsed(seen.standing->since, seen.now) >=
           patience_with(watch, scenario, seen, limits);
}

/// Its prompt answered Enter, and it has done nothing since.
bool stays_at_prompt(const Watch& watch, const Scenario& scenario, const Sighting& seen,
                     const Limits& limits) {
    return seen.standing && seen.poked_at && is_visible(seen.poke_answer) && watch.at_prompt() &&
           !watch.waiting_for()->network &&
           watch.clock().elapsed(std::max(seen.standing->since, *seen.poked_at), seen.now) >=
               patience_with(watch, scenario, seen, limits);
}

Verdict from_prompt(const Watch& watch, const Sighting& seen, std::string_view console,
                    const std::string& prompt) {
    if (const auto& suspect = watch.suspect())
        return from_failure(watch, seen, *suspect);
    return verdict(watch, seen, Outcome::at_prompt,
                   fmt::format("the {} waits at a prompt: '{}'", console, prompt));
}

/// It prints, but makes no progress.
bool repeats_itself(const Watch& watch, const Scenario& scenario, const Sighting& seen,
                    const Limits& limits) {
    if (!seen.repeating || watch.waiting_for()->network || watch.novelty().repeated().empty())
        return false;
    // The last look at the guest may be older than its last line.
    if (watch.novelty().new_at() > seen.repeating->since)
        return false;
    const double scale = seen.repeating->hang == Hang::busy ? limits.scale : 1;
    const double patience = watch.novelty().counts() ? patience_with_counting : patience_with_dots;
    return watch.clock().elapsed(seen.repeating->since, seen.now) >= times(scenario.stall, patience * scale);
}

Verdict from_repetition(const Watch& watch, const Sighting& seen) {
    if (const auto& suspect = watch.suspect())
        return from_failure(watch, seen, *suspect);
    return verdict(
        watch, seen, Outcome::milestone_deadline,
        fmt::format("the guest has printed nothing new for {}, and repeats '{}'",
                    in_seconds(watch, seen.repeating->since, seen.now), watch.novelty().repeated()));
}

Decision from_hang(const Watch& watch, const Sighting& seen, const Limits& limits) {
    if (!seen.poked_at || *seen.poked_at < seen.standing->since)
        return Poke{};
    if (const auto wait = answer_awaited(watch, seen, limits))
        return *wait;
    if (const auto& suspect = watch.suspect())
        return from_failure(watch, seen, *suspect);
    if (const std::string prompt = watch.display_prompt(); !prompt.empty())
        return from_prompt(watch, seen, "display", prompt);
    return verdict(
        watch, seen, Outcome::silent,
        fmt::format("for {} the guest printed nothing, used no disk or network, and {}; it did not respond "
                    "to Enter",
                    in_seconds(watch, seen.standing->since, seen.now), in_words(seen.standing->hang)));
}

/// The events that end a cell in any state; unset if none has occurred.
std::optional<Decision> end_of(const Watch& watch, const Scenario& scenario, const Sighting& seen,
                               const Limits& limits, bool may_power_off) {
    if (seen.cancelled)
        return verdict(watch, seen, Outcome::cancelled, "the run was stopped");
    if (!seen.host_problem.empty())
        return verdict(watch, seen, Outcome::host_setup, seen.host_problem);

    const bool gone = seen.machine != Sighting::Machine::running &&
                      !(may_power_off && seen.machine == Sighting::Machine::powered_off);
    const bool drained = gone && (seen.console_closed || seen.now >= *seen.gone_at + drain);
    if (const auto& failure = watch.failure()) {
        const microseconds settled = watch.clock().earliest(failure->at, limits.settle, seen.now);
        if (drained || seen.now >= settled)
            return from_failure(watch, seen, *failure);
        return Wait{settled};
    }
    const unsigned resets = watch.resets() - std::min(watch.resets(), seen.resets_asked);
    if (resets > scenario.resets)
        return verdict(watch, seen, Outcome::reboot_loop,
                       fmt::format("the guest reset itself {} times", resets));
    if (gone && watch.awaits_kernel() && seen.now < *seen.gone_at + last_look &&
        (!seen.looked_at || *seen.looked_at < *seen.gone_at))
        return Wait{*seen.gone_at + last_look};
    if (gone)
        return drained ? Decision(from_machine(watch, seen)) : Decision(Wait{*seen.gone_at + drain});
    return std::nullopt;
}

/// When to press Enter unless the guest prints something first; unset if Enter is not needed.
std::optional<microseconds> enter_due(const Watch& watch, const Sighting& seen, const Limits& limits) {
    if (seen.enters >= most_enters)
        return std::nullopt;
    // A menu that accepted the key may leave its last row on the screen, but its countdown has stopped.
    const bool counts = seen.counting_since && (!seen.enter_at || !seen.last_byte ||
                                                *seen.last_byte > *seen.enter_at + countdown_step);
    if (counts && !limits.keep_countdown)
        return watch.clock().earliest(
            std::max(*seen.counting_since, seen.enter_at.value_or(microseconds::zero())), menu_is_painted,
            seen.now);
    const Milestone* reached = watch.reached();
    if (!reached || !reached->enter)
        return std::nullopt;
    const microseconds since = std::max(watch.waiting_since(), seen.last_byte.value_or(microseconds::zero()));
    return watch.clock().earliest(std::max(since, seen.enter_at.value_or(since)), menu_stands, seen.now);
}

/// The end of the cell's total time, or `deadline` if that is earlier.
microseconds or_end_of_cell(const Watch& watch, microseconds now, const Limits& limits,
                            microseconds deadline) {
    if (!limits.cell)
        return deadline;
    return std::min(deadline, watch.clock().earliest(microseconds::zero(), *limits.cell, now));
}

}  // namespace

Limits limits_for(bool emulated, std::optional<std::chrono::seconds> cell_timeout) {
    constexpr double emulation_factor = 10;
    const double scale = emulated ? emulation_factor : 1;
    const auto scaled = [&](std::chrono::milliseconds time) {
        return std::chrono::duration_cast<microseconds>(time * scale);
    };
    return {.scale = scale,
            .cell = cell_timeout,
            .settle = scaled(std::chrono::milliseconds(300)),
            .poke_patience = scaled(std::chrono::milliseconds(500)),
            .tentative = scaled(std::chrono::milliseconds(1500))};
}

Verdict failed_step(const Watch& watch, const Sighting& seen, const Acting& acting, std::string reason) {
    Verdict failed = verdict(watch, seen, Outcome::step_failed, fmt::format("{}: {}", acting.what, reason));
    failed.missing.clear();
    if (!acting.evidence.empty())
        failed.evidence = acting.evidence;
    return failed;
}

Decision judge_step(const Watch& watch, const Scenario& scenario, const Sighting& seen, const Limits& limits,
                    const Acting& acting) {
    if (const auto end = end_of(watch, scenario, seen, limits, acting.may_power_off))
        return *end;
    if (watch.resets() != acting.resets && !acting.may_reset)
        return failed_step(watch, seen, acting, "the guest reset itself");
    const microseconds deadline = or_end_of_cell(
        watch, seen.now, limits, watch.clock().earliest(acting.began, acting.within, seen.now));
    if (seen.now >= deadline)
        return failed_step(
            watch, seen, acting,
            fmt::format("{} within {}", acting.missing, in_seconds(watch, acting.began, seen.now)));
    return Wait{std::min(deadline, watch.decides_at(seen.now).value_or(deadline))};
}

Verdict as_expected(Verdict verdict, const Scenario& scenario) {
    if (scenario.ends == Outcome::passed)
        return verdict;
    if (verdict.outcome == scenario.ends) {
        verdict.outcome = Outcome::passed;
        verdict.reached = name(scenario.ends);
        verdict.missing.clear();
        verdict.hint.clear();
    } else if (verdict.outcome == Outcome::passed) {
        verdict.outcome = Outcome::not_refused;
        verdict.reason = fmt::format("it booted, but was expected to end as {}", name(scenario.ends));
    }
    return verdict;
}

Verdict passed_verdict(const Watch& watch, microseconds now) {
    Verdict passed{.outcome = Outcome::passed, .reached = watch.last_reached(), .took = now};
    if (watch.by_console_only())
        passed.reason = "proven by the console only; nothing else could confirm that a kernel runs";
    return passed;
}

bool suspicion_holds(const Watch& watch, const Sighting& seen, const Limits& limits) {
    const auto& suspect = watch.suspect();
    if (!suspect || watch.failure() || !seen.standing || stage_of(suspect->outcome) > Stage::loader)
        return false;
    const int patience = seen.standing->hang == Hang::busy ? busy_patience : 1;
    const microseconds since = std::max(seen.standing->since, suspect->at);
    return watch.clock().elapsed(since, seen.now) >= patience * limits.tentative;
}

Decision judge(const Watch& watch, const Scenario& scenario, const Sighting& seen, const Limits& limits) {
    if (seen.poked_at && *seen.poked_at < watch.waiting_since()) {
        // The boot has made progress since, which answers the question.
        Sighting since = seen;
        since.poked_at.reset();
        since.poke_answer.clear();
        return judge(watch, scenario, since, limits);
    }
    if (watch.passed())
        return passed_verdict(watch, seen.now);
    if (const auto end = end_of(watch, scenario, seen, limits, false))
        return *end;
    if (seen.loader_looks >= enough_looks && !watch.printed_by_loader().empty())
        return verdict(watch, seen, Outcome::stopped_at_loader, "");
    const Milestone& waiting = *watch.waiting_for();
    if (waiting.network && !seen.network_problem.empty())
        return verdict(watch, seen, Outcome::network_failed, seen.network_problem);
    microseconds allowed = std::chrono::duration_cast<microseconds>(watch.allowed() * limits.scale);
    if (waiting.network)
        allowed += network_grace;
    const auto deadline_at = [&](microseconds now) {
        return or_end_of_cell(watch, now, limits,
                              watch.clock().earliest(watch.waiting_since(), allowed, now));
    };
    microseconds deadline = deadline_at(seen.now);
    if (seen.poked_at && *seen.poked_at >= deadline_at(*seen.poked_at)) {
        const auto wait = answer_awaited(watch, seen, limits);
        return wait ? Decision(*wait) : Decision(from_deadline(watch, seen));
    }
    if (seen.now < deadline && hangs(watch, scenario, seen, limits))
        return from_hang(watch, seen, limits);
    if (seen.now < deadline && stays_at_prompt(watch, scenario, seen, limits))
        return from_prompt(watch, seen, "console", watch.unfinished_line());
    if (seen.now < deadline && repeats_itself(watch, scenario, seen, limits))
        return from_repetition(watch, seen);
    if (const auto due = enter_due(watch, seen, limits); due && *due < deadline) {
        if (seen.now >= *due)
            return Enter{};
        deadline = *due;
    }
    if (seen.now < deadline)
        return Wait{std::min(deadline, watch.decides_at(seen.now).value_or(deadline))};
    const bool quiet = !seen.last_byte || watch.clock().elapsed(*seen.last_byte, seen.now) >= silence;
    return quiet ? Decision(Poke{}) : Decision(from_deadline(watch, seen));
}

}  // namespace lktest
