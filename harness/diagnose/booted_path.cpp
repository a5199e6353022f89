// SPDX-License-Identifier: MIT
#include "harness/diagnose/booted_path.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <set>

#include "builder/base/printable.hpp"
#include "builder/inspect/path_lookup.hpp"
#include "builder/inspect/pe.hpp"

namespace lktest {
namespace {

constexpr std::array of_partitions{"no-partition-table", "partition-outside", "gpt-crc", "gpt-backup-missing",
                                   "no-esp-partition"};
constexpr std::array of_el_torito{"no-uefi-entry", "no-bios-entry", "no-boot-record", "catalogue-invalid",
                                  "boot-image-outside"};

bool is_about_this_medium(const std::string& id, const BootCell& cell) {
    const auto is_in = [&id](const auto& ids) { return std::ranges::find(ids, id) != ids.end(); };
    if (is_direct(cell.medium) || from_network(cell.medium))
        return !is_in(of_partitions) && !is_in(of_el_torito);
    return is_disk(cell.medium) ? !is_in(of_el_torito) : !is_in(of_partitions);
}

/// How many words an entry passes to its kernel; unset unless the kernel that ran got all of them.
std::optional<std::size_t> words_shared(const EntryFacts& entry, const std::set<std::string_view>& booted) {
    const std::vector<std::string_view> words = words_of(entry.said.command_line);
    const bool all = std::ranges::all_of(words, [&](std::string_view word) { return booted.contains(word); });
    return all && entry.said.certain ? std::optional(words.size()) : std::nullopt;
}

/// The most words that an entry shares with the kernel's command line; unset if no entry matches.
std::optional<std::size_t> best_match(const MediumFacts& facts, const std::set<std::string_view>& booted) {
    std::optional<std::size_t> best;
    for (const ConfigFacts& config : facts.configs)
        for (const EntryFacts& entry : config.entries)
            best = std::max(best, words_shared(entry, booted));
    return best;
}

void keep_entries(MediumFacts& facts, const std::string& command_line) {
    const std::vector<std::string_view> words = words_of(command_line);
    const std::set<std::string_view> booted(words.begin(), words.end());
    const auto best = words.empty() ? std::nullopt : best_match(facts, booted);
    if (!best)
        return;
    for (ConfigFacts& config : facts.configs) {
        std::erase_if(config.entries,
                      [&](const EntryFacts& entry) { return words_shared(entry, booted) != best; });
        std::erase_if(config.said.labels, [&](const LabelUse& use) {
            return !use.written.starts_with("search") &&
                   std::ranges::none_of(config.entries, [&](const EntryFacts& entry) {
                       return entry.said.kernel.line == use.line ||
                              entry.said.command_line.find(use.label) != std::string::npos;
                   });
        });
    }
}

/// The kernels and initramfs that the remaining entries name.
void keep_what_entries_load(MediumFacts& facts) {
    const auto loaded = [&facts](auto is_it) {
        return std::ranges::any_of(facts.configs, [&](const ConfigFacts& config) {
            return std::ranges::any_of(config.entries, is_it);
        });
    };
    std::erase_if(facts.kernels, [&](const KernelFacts& kernel) {
        return !loaded([&](const EntryFacts& entry) { return entry.kernel == kernel.path; });
    });
    std::erase_if(facts.initramfs, [&](const InitramfsFacts& initramfs) {
        return !loaded([&](const EntryFacts& entry) {
            std::vector<std::string> paths = entry.initrds;
            std::erase(paths, "");
            return paths == initramfs.paths;
        });
    });
}

bool is_of_firmware(const ConfigFacts& config, const MediumFacts& facts, Firmware firmware) {
    if (is_uefi(firmware))
        return config.said.loader != BootLoader::syslinux;
    return facts.isolinux ? config.said.loader == BootLoader::syslinux
                          : config.said.loader != BootLoader::systemd_boot && !config.in_esp;
}

}  // namespace

std::vector<MediumFinding> findings_on_path(MediumFacts facts, const BootCell& cell,
                                            const std::string& command_line) {
    const bool has_config = !facts.configs.empty();
    if (!is_direct(cell.medium) && !from_network(cell.medium)) {
        std::erase_if(facts.configs, [&](const ConfigFacts& config) {
            return !is_of_firmware(config, facts, cell.firmware);
        });
        if (!is_uefi(cell.firmware)) {
            facts.esps.clear();
            facts.efi.clear();
        } else {
            facts.isolinux.reset();
        }
    }
    keep_entries(facts, command_line);
    keep_what_entries_load(facts);
    std::vector<MediumFinding> findings;
    for (const IsoFinding& finding : find_faults(facts))
        if ((finding.grade == IsoFinding::Grade::error || finding.grade == IsoFinding::Grade::warning) &&
            is_about_this_medium(finding.id, cell) && (finding.id != "no-boot-config" || !has_config))
            findings.push_back({.id = finding.id,
                                .text = finding.text,
                                .fix = finding.fix,
                                .is_error = finding.grade == IsoFinding::Grade::error});
    return findings;
}

void add_medium_facts(const MediumFacts& medium, const std::string& command_line,
                      const std::vector<std::string>& console, Facts& facts) {
    const std::string label = printable(medium.volume.label);
    facts.words["label"] = label;
    std::set<std::string> loaders;
    for (const EfiProgram& program : medium.efi)
        if (const std::string path = lower_case(program.path); path.starts_with("/efi/boot/boot")) {
            const std::string file = path.substr(path.rfind('/') + 1);
            const std::string_view machine = efi_name_machine(file);
            // Firmware starts no program of another architecture, whatever its name.
            if (!program.image || machine.empty() || pe_machine_name(program.image->machine) == machine)
                loaders.insert(printable(file));
        }
    const std::string wanted_loader = lower_case(facts.words["efi-loader"]);
    facts.add("loader-on-medium", loaders.contains(wanted_loader),
              loaders.empty() ? "the medium has no /EFI/BOOT/BOOT*.EFI"
                              : fmt::format("in /EFI/BOOT the medium has {}", fmt::join(loaders, ", ")));
    // Every CPU supports 4 KiB pages.
    for (const KernelFacts& kernel : medium.kernels)
        if (kernel.image && kernel.image->page_size > 4096)
            facts.add(fmt::format("kernel-has-{}k-pages", kernel.image->page_size >> 10), true,
                      fmt::format("the kernel {} uses {} KiB pages", printable(kernel.path),
                                  kernel.image->page_size >> 10));
    const auto configured = [&medium](BootLoader loader) {
        return std::ranges::any_of(medium.configs,
                                   [&](const ConfigFacts& config) { return config.said.loader == loader; });
    };
    for (const auto& [fact, loader] : {std::pair("grub-configured", BootLoader::grub),
                                       std::pair("systemd-boot-configured", BootLoader::systemd_boot)})
        facts.add(fact, configured(loader),
                  fmt::format("the medium has {} configuration of {}", configured(loader) ? "a" : "no",
                              name(loader)));
    const std::vector<LabelUse> uses = labels_of(command_line, 1);
    if (!command_line.empty())
        facts.add("label-named", !uses.empty(),
                  fmt::format("the kernel's command line {} a volume label",
                              uses.empty() ? "does not name" : "names"));
    if (!uses.empty())
        facts.add(
            "label-agrees",
            std::ranges::all_of(uses, [&](const LabelUse& use) { return use.label == medium.volume.label; }),
            fmt::format("the kernel's command line names the volume label '{}', and the medium's is '{}'",
                        printable(uses.front().label), label));
    // "LABEL=X", "/dev/disk/by-label/X", "CDLABEL=X", "the label X".
    static const re2::RE2 named(
        R"re((?:\b[A-Za-z]*LABEL=|/by-label/|(?:volume |disk |\bwith |\bthe )?\blabell?(?:ed)? (?:is )?)["'`]?([\w.+-]+(?:\\x20[\w.+-]+)*))re");
    static const re2::RE2 not_of_medium(
        R"((?i)persist|-rw$|writable|overlay|swap)");  // volumes other than the medium
    constexpr int looked_at = 12;
    int lines = 0;
    for (auto line = console.rbegin(); line != console.rend() && lines < looked_at; ++line) {
        std::string wanted;
        ++lines;
        if (!re2::RE2::PartialMatch(*line, named, &wanted))
            continue;
        for (std::size_t at; (at = wanted.find("\\x20")) != wanted.npos;)
            wanted.replace(at, 4, " ");
        if (re2::RE2::PartialMatch(wanted, not_of_medium))
            continue;
        facts.words["wanted"] = printable(wanted);
        facts.add("label-is-another", wanted != medium.volume.label,
                  fmt::format("it asked for the volume label '{}', and the medium's is '{}'",
                              printable(wanted), label));
        return;
    }
}

}  // namespace lktest
