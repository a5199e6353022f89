// SPDX-License-Identifier: MIT
#include "harness/boot/look_into.hpp"

#include <fmt/format.h>

#include "builder/base/file.hpp"
#include "harness/boot/attached_devices.hpp"
#include "harness/boot/inspect_medium.hpp"
#include "harness/diagnose/dmesg.hpp"
#include "harness/diagnose/kernel_start.hpp"

namespace lktest {
namespace {

namespace fs = std::filesystem;

/// What inspection of the medium tells; nothing if that cannot be found out, as of a boot server's directory.
/// @param untold  says why not
std::optional<MediumOnPath> look_at_medium(const BootCell& cell, const MachineKeys& keys,
                                           const std::string& command_line,
                                           const std::vector<std::string>& console, const Facts& known,
                                           std::vector<std::string>& untold) {
    try {
        if (fs::is_regular_file(cell.image.path))
            return inspect_on_path(cell, keys, command_line, console, known);
    } catch (const ConfinedFailure& failure) {
        untold.push_back(fmt::format("the medium: {}", failure.what()));
    } catch (const std::exception&) {
        // It is not an ISO, and the boot failed for another reason.
    }
    return std::nullopt;
}

/// Ranks the causes of the failure by the console lines, the measurements and the medium.
std::vector<RankedCause> causes_of(Diagnosis& diagnosis, std::vector<std::string> console,
                                   const Examination& seen, const Knowledge& knowledge) {
    CauseEvidence evidence{.arch = knowledge.cell.arch,
                           .firmware = knowledge.cell.firmware,
                           .lines = {},
                           .silence = {},
                           .medium = {}};
    if (diagnosis.silence)
        evidence.silence = diagnosis.silence->name;
    evidence.stage = name(diagnosis.stage);
    evidence.signs = diagnosis.signs;
    evidence.facts = measured_facts(seen, diagnosis, knowledge.cell, console);
    const std::string command_line = kernel_start(seen.log).command_line;
    if (auto medium = look_at_medium(knowledge.cell, knowledge.keys, command_line, console, evidence.facts,
                                     diagnosis.untold)) {
        evidence.inspected = true;
        evidence.medium = std::move(medium->findings);
        for (Fact& fact : medium->facts.all)
            evidence.facts.all.push_back(std::move(fact));
        evidence.facts.words = std::move(medium->facts.words);
    }
    evidence.lines = std::move(console);
    evidence.console_lines = evidence.lines.size();
    if (seen.resets == 0 || seen.reset_loop)  // else it may be the log of an earlier boot
        for (const LogRecord& record : seen.log)
            for (std::string& line : dmesg_lines(record))
                evidence.lines.push_back(std::move(line));
    return rank_causes(evidence, knowledge.causes, knowledge.failures);
}

}  // namespace

Findings look_into(Onlooker& onlooker, Domain& guest, Examination known, std::vector<std::string> console,
                   const Knowledge& knowledge, bool booted) {
    const auto begin = std::chrono::steady_clock::now();
    Findings found{.seen = std::move(known), .diagnosis = {}};
    try {
        found.seen.attached = attached_devices(guest.xml());
    } catch (const Error&) {
        found.seen.untold.emplace_back("the machine's devices: the guest has gone");
    }
    // Output of an earlier boot does not show where this one is, unless all of them end in the same way.
    found.seen.kernel_entered =
        (found.seen.resets == 0 || found.seen.reset_loop) && shows_kernel_setup(console);
    onlooker.examine(guest, found.seen);
    found.diagnosis = diagnose(found.seen, knowledge.cell, knowledge.scenario, knowledge.failures);
    if (!booted)
        found.diagnosis.causes = causes_of(found.diagnosis, std::move(console), found.seen, knowledge);
    found.diagnosis.took =
        std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - begin);
    return found;
}

void write_findings(const Findings& findings, const fs::path& directory) {
    write_file(directory / "diagnosis.json", json_diagnosis(findings.diagnosis));
    write_file(directory / "cpus.txt", text_of_cpus(findings.diagnosis));
    if (findings.seen.log_found)
        write_file(directory / "kernel.log", dmesg(findings.seen.log));
}

void write_screen(const Domain& guest, const fs::path& directory) {
    try {
        const Domain::Screenshot shot = guest.screenshot();
        write_file(directory / fmt::format("screen{}", shot.extension()), shot.image);
    } catch (const Error&) {
        // A guest that is gone has no screen, which is not another fault.
    }
}

}  // namespace lktest
