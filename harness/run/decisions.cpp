// SPDX-License-Identifier: MIT
#include "harness/run/decisions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "builder/base/printable.hpp"
#include "harness/boot/machine_spec.hpp"

namespace lktest {
namespace {

constexpr std::size_t most_lines = 50;

std::string in_words(const FirmwareCatalogue& catalogue, const FirmwareWish& wish) {
    const bool by_qemu = row_of(wish.firmware).load == FirmwareLoad::by_qemu;
    const auto found = choose_firmware(catalogue, wish);
    if (const auto* missing = std::get_if<MissingFirmware>(&found))
        return by_qemu ? fmt::format("{}, as QEMU finds it", missing->what)
                       : fmt::format("nothing, because {} is missing", missing->what);
    const auto& images = std::get<FirmwareImages>(found);
    if (images.variables.empty())
        return fmt::format("{}, {}", build_of(wish.firmware, wish.arch)->program, images.code.string());
    return fmt::format("{} and a copy of {}: the first match among {} descriptors", images.code.string(),
                       images.variables.string(), catalogue.descriptors.size());
}

std::string in_seconds(std::chrono::milliseconds time) {
    return fmt::format("{:.1f} s", static_cast<double>(time.count()) / 1000);
}

}  // namespace

std::vector<std::string> firmware_decisions(const FirmwareCatalogue& catalogue,
                                            const std::vector<Assignment>& cells) {
    std::vector<std::string> lines;
    for (const Problem& problem : catalogue.warnings)
        lines.push_back(fmt::format("{}: skipped: {}", printable(problem.place.file), problem.message));
    std::set<std::tuple<Arch, Firmware, Chipset>> told;
    for (const Assignment& assignment : cells) {
        const BootCell& cell = assignment.cell;
        if (told.emplace(cell.arch, cell.firmware, chipset(cell)).second)
            lines.push_back(fmt::format("{} {} on {} starts with {}", name(cell.arch), name(cell.firmware),
                                        name(chipset(cell)), in_words(catalogue, firmware_wish(cell))));
    }
    return lines;
}

std::string jobs_decision(unsigned jobs, std::optional<unsigned> asked, const MachineSize& size,
                          std::uint64_t memory_of_a_cell) {
    const std::string cells = fmt::format("{} {} at once", jobs, jobs == 1 ? "cell" : "cells");
    if (asked)
        return fmt::format("{}: set by --jobs", cells);
    return fmt::format("{}: {} cores plus one, {} MiB of memory available, up to {} MiB for each guest",
                       cells, size.cores, size.memory_available >> 20, memory_of_a_cell >> 20);
}

std::vector<std::string> schedule_decisions(const std::vector<Assignment>& cells, const Timings& timings) {
    std::vector<std::string> lines;
    for (const Assignment& assignment : cells) {
        if (lines.size() == most_lines) {
            lines.push_back(fmt::format("then {} more", cells.size() - most_lines));
            break;
        }
        const auto known = timings.find(name(assignment.cell));
        lines.push_back(fmt::format(
            "{}: {}: {}", lines.empty() ? "starts first" : "then", printable(name(assignment.cell)),
            known == timings.end()
                ? fmt::format("cells like it usually take {}", in_seconds(usual_time(assignment.cell)))
                : fmt::format("it took {} last time", in_seconds(known->second))));
    }
    return lines;
}

}  // namespace lktest
