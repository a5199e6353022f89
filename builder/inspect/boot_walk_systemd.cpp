// SPDX-License-Identifier: MIT
// systemd-boot's menu: the Boot Loader Specification's entries, and unified kernel images.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "builder/inspect/boot_walker.hpp"
#include "builder/inspect/path_lookup.hpp"

namespace lktest {
namespace {

/// The partitions that systemd-boot reads: its own, and the disk's extended boot partition.
std::vector<std::size_t> partitions_of(const MediumFacts& facts, std::size_t own) {
    std::vector<std::size_t> volumes{own};
    for (std::size_t i = 0; i < facts.esps.size(); ++i)
        if (facts.esps[i].extended_boot && i + 1 != own)
            volumes.push_back(i + 1);
    return volumes;
}

/// Directories of the ISO's own tree that look like systemd-boot's.
std::string entries_in_tree(const Volumes& volumes) {
    std::vector<std::string> found;
    for (const std::string_view directory : {"/loader/entries", "/EFI/Linux"})
        if (volumes.is_directory(Volumes::iso, directory))
            found.emplace_back(directory);
    return found.empty() ? ""
                         : fmt::format("; the ISO's own tree has {}, which systemd-boot does not read",
                                       fmt::join(found, " and "));
}

/// Files of the ESP that look like entries and are not where systemd-boot looks.
std::string misplaced_entries(const FatVolume& fat) {
    constexpr std::size_t few = 3;
    std::vector<std::string> found;
    std::string why;
    for (const auto& [path, content] : fat.files) {
        const std::string small = lower_case(path);
        const std::string_view directory = directory_of(small), file = file_name_of(small);
        std::string_view reason;
        if (directory == "/loader/entries" && !small.ends_with(".conf"))
            reason = "its name must end in .conf";
        else if (directory != "/loader/entries" && directory.ends_with("/loader/entries") &&
                 small.ends_with(".conf"))
            reason = "entries must be in /loader/entries of the partition itself";
        else if (directory != "/efi/linux" && directory.starts_with("/efi/linux/") && small.ends_with(".efi"))
            reason = "it must be in /EFI/Linux itself, not in a directory below it";
        else if (directory == "/efi/linux" && !small.ends_with(".efi"))
            reason = "its name must end in .efi";
        else if (directory == "/loader" && small.ends_with(".conf") && file != "loader.conf")
            reason = "entries must be in /loader/entries";
        if (reason.empty() || found.size() >= few)
            continue;
        found.push_back(path);
        why = reason;
    }
    return found.empty() ? ""
                         : fmt::format("; it does not read {}, because {}", fmt::join(found, " and "), why);
}

/// Entries on another partition, whose type systemd-boot does not look at.
std::string entries_elsewhere(const MediumFacts& facts, const Volumes& volumes, std::size_t own) {
    for (std::size_t volume = 1; volume < volumes.count(); ++volume) {
        const bool is_read = volume == own || facts.esps[volume - 1].extended_boot;
        if (!is_read && volumes.is_directory(volume, "/loader/entries"))
            return fmt::format(
                "; {} has /loader/entries, but not the type XBOOTLDR "
                "(bc13c2ff-59e6-4262-a352-b275fd6f7172), by which systemd-boot would find it",
                facts.esps[volume - 1].from);
    }
    return "";
}

/// "257" of the text "#### LoaderInfo: systemd-boot 257.9-1 ####"; 0 if it is missing.
unsigned version_of_loader(const ByteView& program) {
    constexpr std::string_view mark = "LoaderInfo: systemd-boot ";
    const std::uint64_t at = find_text(program, mark, 4 << 20);
    const std::string text = at == not_found ? "" : program.read(at + mark.size(), 8);
    unsigned version = 0;
    std::from_chars(text.data(), text.data() + text.size(), version);
    return version;
}

}  // namespace

void BootWalk::follow_systemd_boot(BootWay& way, const EfiProgram& program, std::size_t node,
                                   const MachineName& machine) {
    if (!volumes_.fat(program.volume))
        return;
    std::vector<std::string> ids;
    std::size_t startable = 0;
    if (const auto file = volumes_.find(program.volume, program.path))
        loader_version_ = version_of_loader(file->content);
    for (const std::size_t volume : partitions_of(facts_, program.volume))
        startable += list_entries(volume, node, machine, ids);
    if (startable == 0)
        way.stops = fmt::format(
            "systemd-boot finds no entry{} in /loader/entries or /EFI/Linux of its own "
            "partition{}{}{}",
            ids.empty() ? "" : " that it can start", entries_in_tree(volumes_),
            entries_elsewhere(facts_, volumes_, program.volume),
            misplaced_entries(*volumes_.fat(program.volume)));
    const FatVolume& fat = *volumes_.fat(program.volume);
    if (const auto conf = fat.files.find("/loader/loader.conf"); conf != fat.files.end()) {
        const LoaderConf said = parse_loader_conf(conf->second.read(0, config_bytes));
        facts_.loader_confs.push_back(
            {conf->first, said.pattern, said.line, names_an_entry(said.pattern, ids), ids});
    }
}

std::size_t BootWalk::list_entries(std::size_t volume, std::size_t node, const MachineName& machine,
                                   std::vector<std::string>& ids) {
    const FatVolume* fat = volumes_.fat(volume);
    std::size_t startable = 0;
    if (!fat)
        return 0;
    for (const auto& [path, content] : fat->files) {
        const std::string small = lower_case(path), file = std::string(file_name_of(path));
        // systemd-boot makes entries of its own whose names begin with "auto-".
        const bool skipped = file.starts_with(".") || file.starts_with("auto-");
        if (lower_case(directory_of(path)) == "/loader/entries" && small.ends_with(".conf") && !skipped) {
            const std::string wanted =
                lower_case(loader_entry_value(content.read(0, config_bytes), "architecture"));
            if (!wanted.empty() && wanted != machine.efi_suffix) {
                ignore_entry(volume, path,
                             fmt::format("it is for the architecture {}, and this systemd-boot is for {}",
                                         wanted, machine.efi_suffix));
                continue;
            }
            ids.push_back(file);
            constexpr unsigned first_with_uki = 258;
            const std::string text = content.read(0, config_bytes);
            const bool needs_uki = loader_entry_value(text, "linux").empty() &&
                                   loader_entry_value(text, "efi").empty() &&
                                   !loader_entry_value(text, "uki").empty();
            if (needs_uki && loader_version_ != 0 && loader_version_ < first_with_uki)
                ignore_entry(volume, path,
                             fmt::format("it names its image with the key uki, which systemd-boot knows from "
                                         "version {} on, and this one is {} (write efi instead)",
                                         first_with_uki, loader_version_));
            else if (take_loader_entry(volume, path, content, node))
                ++startable;
            else
                ignore_entry(volume, path, "it names nothing to start with linux, efi or uki");
        } else if (lower_case(directory_of(path)) == "/efi/linux" && small.ends_with(".efi") && !skipped) {
            ids.push_back(file);
            ++startable;
            if (const auto kernel = program_at(volume, path))
                graph().connect(node, node_of_program(*kernel), "systemd-boot lists /EFI/Linux", path);
        }
    }
    return startable;
}

void BootWalk::ignore_entry(std::size_t volume, const std::string& path, std::string why) {
    constexpr std::size_t ignored_limit = 32;
    if (facts_.ignored_entries.size() < ignored_limit)
        facts_.ignored_entries.push_back({path, volume, std::move(why)});
}

bool BootWalk::take_loader_entry(std::size_t volume, const std::string& path, const ByteView& content,
                                 std::size_t node) {
    const std::size_t fact = config_fact(volume, path, BootLoader::systemd_boot);
    const std::size_t config = graph().find_or_add({Kind::config, boot_place(volume, path), true, fact});
    graph().connect(node, config, "systemd-boot lists /loader/entries", path);
    std::vector<BootEntry> entries = parse_loader_entry(content.read(0, config_bytes)).entries;
    const bool names_program = !entries.empty();
    for (BootEntry& said : entries) {
        EntryFacts entry;
        const auto find = [&](NamedFile& named) -> std::string {
            std::ranges::replace(named.path, '\\', '/');
            const auto found = volumes_.find(volume, named.path);
            if (!found && volumes_.find(Volumes::iso, named.path))
                facts_.named_in_tree.insert(named.path);
            return found ? found->path : "";
        };
        entry.kernel = find(said.kernel);
        for (NamedFile& initrd : said.initrds)
            entry.initrds.push_back(find(initrd));
        entry.volume = volume;
        const std::string source = fmt::format("{}:{}", boot_place(volume, path), said.kernel.line);
        entry.said = std::move(said);
        add_entry(fact, config, std::move(entry), source);
    }
    return names_program;
}

}  // namespace lktest
