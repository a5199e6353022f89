// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>

#include "harness/diagnose/diagnosis.hpp"

namespace lktest {

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
        verdict.reason += fmt::format(". Seen from outside: {}", diagnosis.summary);
    if (diagnosis.silence)
        verdict.reason += fmt::format("; {}", diagnosis.silence->reason);
    // The console may have shown only the last of a chain.
    if (!diagnosis.proof.empty() && !verdict.reason.starts_with(diagnosis.reason)) {
        verdict.reason += fmt::format(". Its log says: {}", diagnosis.reason);
        verdict.evidence = diagnosis.proof;
        verdict.hint = diagnosis.fix;
        // A loop of resets stays one: the cause says what its boots died of.
        if (diagnosis.outcome != passed && verdict.outcome != reboot_loop)
            verdict.outcome = diagnosis.outcome;
    } else if (undecided && diagnosis.silence && diagnosis.silence->name.starts_with("kernel-")) {
        verdict.evidence = diagnosis.last_lines;
    }
    if (!diagnosis.silence)
        return;
    verdict.hint = verdict.hint.empty() ? diagnosis.silence->fix
                                        : fmt::format("{}; and {}", verdict.hint, diagnosis.silence->fix);
}

void explain(Verdict& verdict, Diagnosis& diagnosis, std::vector<RankedCause> causes) {
    diagnosis.causes = std::move(causes);
    if (diagnosis.causes.empty())
        return;
    const RankedCause& first = diagnosis.causes.front();
    verdict.reason += ". Most likely: " + first.cause;
    // The line is in the evidence already; what the medium shows is not.
    for (const std::string& shown : first.evidence)
        if (shown.starts_with("on the medium: "))
            verdict.evidence.push_back(shown);
    if (verdict.hint.empty() || first.confirmed)
        verdict.hint = first.fix;
}

}  // namespace lktest
