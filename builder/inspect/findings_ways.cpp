// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "builder/inspect/findings.hpp"
#include "builder/inspect/loader_conf.hpp"
#include "builder/inspect/path_lookup.hpp"

namespace lktest {
namespace {

/// Paths that stop alike are one finding: "UEFI x86_64 from a CD and UEFI x86_64 from a USB stick or disk".
struct Stop {
    const BootWay* way;
    std::vector<std::string> ways;
};

std::string remedy(const BootWay& way) {
    if (way.firmware == BootWay::Firmware::bios && way.stops.starts_with("ISOLINUX"))
        return way.missing.empty() ? "Define an entry: LABEL, KERNEL, INITRD and APPEND."
                                   : fmt::format("Put {} next to isolinux.cfg, or correct the INCLUDE.",
                                                 some_of(way.missing));
    if (way.stops.find("rescue") != std::string::npos)
        return fmt::format(
            "Copy GRUB's modules to the medium, or build the module normal into GRUB's image. Missing: {}.",
            some_of(way.missing));
    if (way.stops.starts_with("systemd-boot"))
        return "Add an entry to /loader/entries of the ESP, or a unified kernel image to /EFI/Linux.";
    if (!way.looked_for.empty())
        return fmt::format(
            "Add a file that it searches for to the medium ({}), and put the menu where it looks then: {}.",
            way.looked_for, some_of(way.missing));
    return way.missing.empty() ? "Define a menuentry in the configuration."
                               : fmt::format("Add the menu ({}), or correct its path.", some_of(way.missing));
}

std::string described(const MediumFacts& facts, const Stop& stop) {
    const BootWay& way = *stop.way;
    std::string text = fmt::format("Started by {}, {}", fmt::join(stop.ways, ", and by "), way.stops);
    if (way.last < facts.graph.nodes.size() && way.firmware == BootWay::Firmware::uefi)
        text += fmt::format(" ({})", facts.graph.nodes[way.last].name);
    text += '.';
    if (!way.looked_for.empty())
        text += fmt::format(" It searches for {}, which is missing.", way.looked_for);
    if (!way.missing.empty())
        text += fmt::format(" {} {} missing.", some_of(way.missing), way.missing.size() == 1 ? "is" : "are");
    return text;
}

void judge_loader_entries(const MediumFacts& facts, IsoFindings& findings) {
    for (const IgnoredEntry& entry : facts.ignored_entries) {
        const bool offered = std::ranges::any_of(facts.configs, [&entry](const ConfigFacts& config) {
            return config.path == entry.path && config.volume == entry.volume && !config.entries.empty() &&
                   config.judged;
        });
        if (!offered)
            add_warning(findings, "loader-entry-ignored",
                        fmt::format("systemd-boot does not offer {}: {}.", entry.path, entry.why),
                        "Correct the entry, or remove it.");
    }
    for (const ConfigFacts& config : facts.configs)
        if (config.said.loader == BootLoader::systemd_boot && config.judged &&
            tries_left(file_name_of(config.path)) == 0U)
            judge_tries(config.path, findings);
}

}  // namespace

void judge_tries(const std::string& place, IsoFindings& findings) {
    add_warning(findings, "loader-tries-exhausted",
                fmt::format("The boot counter in the name of {} is at 0: systemd-boot treats this entry as "
                            "failing, and prefers all others.",
                            place),
                "Rename the file without the counter, or with a fresh one (+3).");
}

void judge_ways(const MediumFacts& facts, IsoFindings& findings) {
    std::vector<Stop> stops;
    for (const BootWay& way : facts.graph.ways) {
        // A shim without GRUB and ISOLINUX without a configuration have separate findings.
        if (way.stops.empty() || way.stops.starts_with("shim") || way.stops.ends_with("no configuration"))
            continue;
        const auto same = std::ranges::find_if(stops, [&](const Stop& stop) {
            return stop.way->stops == way.stops && stop.way->last == way.last &&
                   stop.way->missing == way.missing;
        });
        if (same == stops.end())
            stops.push_back({&way, {name(way)}});
        else if (std::ranges::find(same->ways, name(way)) == same->ways.end())
            same->ways.push_back(name(way));
    }
    for (const Stop& stop : stops)
        add_error(
            findings,
            stop.way->stops.find("rescue") != std::string::npos ? "grub-modules-missing" : "no-menu-entry",
            described(facts, stop), remedy(*stop.way));
    judge_loader_entries(facts, findings);
    for (const LoaderConfFacts& conf : facts.loader_confs)
        if (!conf.matches)
            add_warning(
                findings, "loader-default-missing",
                fmt::format("{}:{} in the ESP: the default '{}' does not match any entry; there {} {}. "
                            "systemd-boot starts another one.",
                            conf.path, conf.line, conf.pattern, conf.entries.size() == 1 ? "is" : "are",
                            conf.entries.empty() ? "none" : some_of(conf.entries)),
                fmt::format("Write the file name of an entry as default in {}.", conf.path));
}

InspectCoverage coverage_of(const MediumFacts& facts) {
    InspectCoverage coverage;
    if (facts.volume.size > facts.size)
        return coverage;  // see iso-truncated
    const auto add = [&coverage](bool there, std::string what) {
        if (there)
            coverage.checked.push_back(std::move(what));
    };
    const PartitionTables& tables = facts.partitions;
    add(tables.boot_signature || tables.gpt.has_value(), "partition tables");
    add(facts.catalogue.has_value(), "El Torito");
    add(!facts.esps.empty(), "EFI system partitions");
    add(!facts.efi.empty(), "EFI programs and their signatures");
    add(!facts.configs.empty(), "boot menus");
    add(!facts.kernels.empty(), "kernels");
    add(!facts.initramfs.empty(), "initramfs");
    add(!facts.layers.empty() || !facts.erofs.empty(), "file system images");
    add(!facts.checksums.empty(), "checksum lists");
    for (const BootWay& way : facts.graph.ways)
        if (!way.followed && way.firmware != BootWay::Firmware::loop) {
            std::string what = "the loader's configuration when started by " + name(way);
            if (std::ranges::find(coverage.unchecked, what) == coverage.unchecked.end())
                coverage.unchecked.push_back(std::move(what));
        }
    if (facts.configs.empty() && facts.ukis.empty())
        coverage.unchecked.emplace_back("the boot menus and kernels");
    coverage.unchecked.emplace_back("how the system starts after the initramfs");
    return coverage;
}

}  // namespace lktest
