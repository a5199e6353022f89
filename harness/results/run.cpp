// SPDX-License-Identifier: MIT
#include "harness/results/run.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "builder/base/printable.hpp"

namespace lktest::results {
namespace {

/// In the order of OutcomeClass.
constexpr std::array<std::string_view, 6> class_words{"passed",    "not-applicable",  "cancelled",
                                                      "tolerated", "product-failure", "host-failure"};

/// The parts of the machine; null if the scenario decides.
Json machine_of(const BootCell& cell) {
    const Hardware& hardware = cell.hardware;
    const auto named = [](const auto& value) { return value ? Json(name(*value)) : Json(); };
    return {
        {"type", name(chipset(cell))},
        {"cpu", json_text(hardware.cpu)},
        {"cpus", hardware.cpus ? Json(*hardware.cpus) : Json()},
        {"memory", hardware.memory ? Json(*hardware.memory) : Json()},
        {"tables", named(hardware.tables)},
        {"tpm", named(hardware.tpm)},
        {"graphics", named(hardware.graphics)},
        {"card", named(hardware.card)},
        {"trust", named(hardware.trust)},
        {"sbat", json_text(hardware.sbat)},
    };
}

}  // namespace

Cell::Cell(const BootCell& cell)
    : name(printable(lktest::name(cell))),
      scenario(printable(cell.scenario)),
      arch(lktest::name(cell.arch)),
      firmware(lktest::name(cell.firmware)),
      medium(lktest::name(cell.medium)),
      image(printable(cell.image.name)),
      image_path(printable(cell.image.path.string())),
      machine(machine_of(cell)) {
    for (const std::string& word : words(cell.hardware))
        variant.push_back(printable(word));
}

std::string Cell::title() const {
    std::string title = fmt::format("{}-{}-{}", arch, firmware, medium);
    for (const std::string& word : variant)
        title += "-" + word;
    return title;
}

Ending::Ending(const Verdict& verdict)
    : outcome(lktest::name(verdict.outcome)),
      outcome_class(class_of(verdict.outcome)),
      reached(printable(verdict.reached)),
      missing(printable(verdict.missing)),
      reason(printable(verdict.reason)),
      hint(printable(verdict.hint)),
      took(verdict.took) {
    for (const std::string& line : verdict.evidence)
        evidence.push_back(printable(line));
    for (const std::string& line : verdict.console)
        console.push_back(printable(line));
    for (const lktest::Attempt& boot : verdict.attempts)
        attempts.push_back(
            {boot.name, std::string(lktest::name(boot.outcome)), printable(boot.reason), boot.took});
}

Counts count(std::span<const CellResult> cells) {
    Counts counts;
    for (const CellResult& cell : cells) {
        if (!cell.verdict) {
            ++counts.unfinished;
            continue;
        }
        switch (cell.verdict->outcome_class) {
            case OutcomeClass::passed: ++counts.passed; break;
            case OutcomeClass::not_applicable: ++counts.not_applicable; break;
            case OutcomeClass::cancelled: ++counts.cancelled; break;
            case OutcomeClass::tolerated: ++counts.tolerated; break;
            case OutcomeClass::product_failure: ++counts.failed; break;
            case OutcomeClass::host_failure: ++counts.host_faults; break;
        }
    }
    return counts;
}

ExitCode exit_code(const Run& run) {
    const Counts counts = count(run.cells);
    if (counts.failed > 0)
        return ExitCode::boot_failed;
    if (counts.host_faults > 0)
        return ExitCode::host;
    if (counts.cancelled > 0 || counts.unfinished > 0)
        return ExitCode::boot_failed;
    return ExitCode::passed;
}

std::string counts_line(const Run& run) {
    const Counts counts = count(run.cells);
    std::vector<std::string> others;
    const auto add = [&others](std::size_t number, std::string_view what) {
        if (number > 0)
            others.push_back(fmt::format("{} {}", number, what));
    };
    add(counts.failed, "failed");
    add(counts.tolerated, "tolerated");
    add(counts.host_faults, counts.host_faults == 1 ? "host fault" : "host faults");
    add(counts.cancelled, "cancelled");
    add(counts.unfinished, "not run");
    std::string text = fmt::format("{} of {} {} passed", counts.passed, counts.bootable(),
                                   counts.bootable() == 1 ? "cell" : "cells");
    if (!others.empty())
        text += fmt::format(" ({})", fmt::join(others, ", "));
    if (counts.not_applicable > 0)
        text += fmt::format(" · {} not applicable", counts.not_applicable);
    return text;
}

void add_images(Run& to, const Run& from) {
    for (const BootedImage& image : from.images) {
        const bool known = std::ranges::any_of(to.images, [&image](const BootedImage& other) {
            return other.path == image.path && other.sha256 == image.sha256;
        });
        if (!known)
            to.images.push_back(image);
    }
}

std::vector<std::string> changed_images(const Run& run) {
    std::vector<std::string> lines;
    for (const BootedImage& image : run.images)
        if (!image.changed.empty())
            lines.push_back(fmt::format("image {} changed during the run: {}", image.path, image.changed));
    return lines;
}

CellResult not_applicable(const Cell& cell, std::string_view reason) {
    CellResult result;
    result.cell = cell;
    result.verdict = Verdict{.outcome = Outcome::not_applicable, .reason = std::string(reason)};
    return result;
}

std::string_view class_word(OutcomeClass outcome_class) {
    return class_words[static_cast<std::size_t>(outcome_class)];
}

std::optional<OutcomeClass> class_from_word(std::string_view word) {
    const auto found = std::ranges::find(class_words, word);
    if (found == class_words.end())
        return std::nullopt;
    return static_cast<OutcomeClass>(found - class_words.begin());
}

std::string utc_time(std::chrono::system_clock::time_point time) {
    return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

std::vector<std::string> attempt_lines(const Ending& ending) {
    std::vector<std::string> lines;
    for (const Attempt& boot : ending.attempts) {
        lines.push_back(fmt::format("{}: {} after {}", boot.name, boot.outcome, short_time(boot.took)));
        if (ending.reason.find(boot.reason) == std::string::npos)
            lines.back() += ": " + boot.reason;
    }
    return lines;
}

std::string failed_attempts(const Ending& ending) {
    if (ending.attempts.empty() || ending.is(Outcome::flaky))
        return "";
    return fmt::format("failed on each of {} attempts", ending.attempts.size());
}

std::string short_time(std::chrono::microseconds time) {
    using namespace std::chrono;
    const double exact = duration<double>(time).count();
    const auto whole = duration_cast<std::chrono::seconds>(time).count();
    if (whole < 100)
        return fmt::format("{:.1f}s", exact);
    if (whole < 3600)
        return fmt::format("{}m {:02}s", whole / 60, whole % 60);
    return fmt::format("{}h {:02}m", whole / 3600, whole / 60 % 60);
}

}  // namespace lktest::results
