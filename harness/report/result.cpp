// SPDX-License-Identifier: MIT
#include "harness/report/result.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace lktest {

Counts count(const RunReport& report) {
    Counts counts;
    for (const CellResult& result : report.cells) {
        if (!result.verdict) {
            ++counts.unfinished;
            continue;
        }
        switch (class_of(result.verdict->outcome)) {
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

ExitCode exit_code(const RunReport& report) {
    const Counts counts = count(report);
    if (counts.failed > 0)
        return ExitCode::boot_failed;
    if (counts.host_faults > 0)
        return ExitCode::host;
    if (counts.cancelled > 0 || counts.unfinished > 0)
        return ExitCode::boot_failed;
    return ExitCode::passed;
}

CellResult not_applicable(const BootCell& cell, std::string reason) {
    CellResult result;
    result.cell = cell;
    result.verdict.emplace();
    result.verdict->outcome = Outcome::not_applicable;
    result.verdict->reason = std::move(reason);
    return result;
}

std::string utc_time(std::chrono::system_clock::time_point time) {
    return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

std::string short_time(std::chrono::microseconds time) {
    using namespace std::chrono;
    const double exact = duration<double>(time).count();
    const auto whole = duration_cast<seconds>(time).count();
    if (whole < 100)
        return fmt::format("{:.1f}s", exact);
    if (whole < 3600)
        return fmt::format("{}m {:02}s", whole / 60, whole % 60);
    return fmt::format("{}h {:02}m", whole / 3600, whole / 60 % 60);
}

}  // namespace lktest
