// SPDX-License-Identifier: MIT
#include "harness/boot/inspect_medium.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "builder/base/confined.hpp"
#include "builder/base/packed.hpp"

namespace lktest {

template <typename Archive>
void each_field(Archive& archive, IsoFacts& facts) {
    auto& [disk, volume_label, application_id, bios_boot, uefi_boot, reports, arches] = facts;
    archive(disk, volume_label, application_id, bios_boot, uefi_boot, reports, arches);
}

template <typename Archive>
void each_field(Archive& archive, MediumFinding& finding) {
    auto& [id, text, fix, is_error] = finding;
    archive(id, text, fix, is_error);
}

template <typename Archive>
void each_field(Archive& archive, MachineKeys& keys) {
    auto& [db, db_hashes, dbx_hashes, dbx_certificates, mok, sbat_level] = keys;
    archive(db, db_hashes, dbx_hashes, dbx_certificates, mok, sbat_level);
}

template <typename Archive>
void each_field(Archive& archive, Fact& fact) {
    auto& [name, holds, text] = fact;
    archive(name, holds, text);
}

template <typename Archive>
void each_field(Archive& archive, LoadedEntry& entry) {
    auto& [kernel, initrds, command_line, fat_offset, fat_size] = entry;
    archive(kernel, initrds, command_line, fat_offset, fat_size);
}

namespace {

/// Throws a usage Error with the file's name if it cannot be opened or is not a regular file.
UniqueFd open_medium(const std::filesystem::path& medium) {
    ByteView::of_file(medium);
    return UniqueFd(::open(medium.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
}

std::string confined(std::string_view job, const std::filesystem::path& medium, std::span<const int> files,
                     std::string_view input, const ConfinedLimits& limits) {
    try {
        return run_confined(job, files, input, limits);
    } catch (const ConfinedFailure& failure) {
        throw ConfinedFailure(fmt::format("cannot inspect {}: {}", medium.string(), failure.what()),
                              "it is damaged or malicious; download it again from its publisher");
    }
}

template <typename T>
T answer_of(std::string_view job, const std::filesystem::path& medium, std::string_view input) {
    T value;
    if (!unpack(inspect_confined(job, medium, input), value))
        throw usage_error(fmt::format("cannot inspect {}: the process that reads it sent a garbled answer",
                                      medium.string()));
    return value;
}

bool suits(const EntryFacts& entry, const MediumFacts& medium, Arch arch, const std::string& title) {
    if (entry.kernel.empty() || (!title.empty() && entry.said.title != title))
        return false;
    const auto kernel = std::ranges::find(medium.kernels, entry.kernel, &KernelFacts::path);
    return kernel != medium.kernels.end() && kernel->image && kernel->image->machine == name(arch);
}

}  // namespace

ByteView medium_in(std::span<const int> files) {
    return ByteView::of_file(fmt::format("/proc/self/fd/{}", files.empty() ? -1 : files[0]));
}

std::vector<ByteView> contents_in(std::span<const int> files) {
    std::vector<ByteView> contents;
    for (const int file : files)
        contents.push_back(ByteView::of_file(fmt::format("/proc/self/fd/{}", file)));
    return contents;
}

std::string inspect_confined(std::string_view job, const std::filesystem::path& medium,
                             std::string_view input, const ConfinedLimits& limits) {
    const UniqueFd file = open_medium(medium);
    return confined(job, medium, std::array{file.get()}, input, limits);
}

std::string inspect_confined(std::string_view job, const std::filesystem::path& directory,
                             const std::vector<std::string>& files, std::string_view input,
                             const ConfinedLimits& limits) {
    std::vector<UniqueFd> opened;
    std::vector<int> numbers;
    for (const std::string& file : files) {
        opened.push_back(open_medium(directory / file.substr(1)));
        numbers.push_back(opened.back().get());
    }
    return confined(job, directory, numbers, input, limits);
}

IsoFacts inspect_facts(const std::filesystem::path& iso) {
    return answer_of<IsoFacts>("facts", iso, iso.string());
}

MediumOnPath inspect_on_path(const BootCell& cell, const MachineKeys& machine,
                             const std::string& command_line, const std::vector<std::string>& console,
                             const Facts& known) {
    BootCell way = cell;
    std::string name = cell.image.path.string(), line = command_line;
    MachineKeys trusted = machine;
    std::vector<std::string> said = console, keys, words;
    for (const auto& [key, word] : known.words) {
        keys.push_back(key);
        words.push_back(word);
    }
    const std::string answer =
        inspect_confined("path", cell.image.path,
                         packed(name, way.arch, way.firmware, way.medium, trusted, line, said, keys, words));
    MediumOnPath found;
    if (!unpack(answer, found.findings, found.facts.all, keys, words) || keys.size() != words.size())
        throw ConfinedFailure(
            fmt::format("cannot inspect {}: the process that reads it sent a garbled answer", name));
    for (std::size_t i = 0; i < keys.size(); ++i)
        found.facts.words.insert_or_assign(keys[i], words[i]);
    return found;
}

std::optional<LoadedEntry> inspect_menu(const std::filesystem::path& iso, Arch arch,
                                        const std::string& title) {
    std::string name = iso.string(), wanted = title;
    return answer_of<std::optional<LoadedEntry>>("menu", iso, packed(name, arch, wanted));
}

std::string facts_job(std::span<const int> files, std::string_view input) {
    const std::string name(input);
    IsoFacts facts = read_iso_facts(medium_in(files), name);
    return packed(facts);
}

std::string path_job(std::span<const int> files, std::string_view input) {
    BootCell cell;
    MachineKeys machine;
    std::string name, command_line;
    std::vector<std::string> console, keys, words;
    if (!unpack(input, name, cell.arch, cell.firmware, cell.medium, machine, command_line, console, keys,
                words) ||
        keys.size() != words.size())
        throw host_error("the request to inspect a medium is garbled");
    const MediumFacts medium = read_medium_facts(medium_in(files), name);
    std::vector<MediumFinding> findings = findings_on_path(medium, cell, command_line);
    Facts facts;
    for (std::size_t i = 0; i < keys.size(); ++i)
        facts.words.insert_or_assign(keys[i], words[i]);
    add_medium_facts(medium, command_line, console, facts);
    add_secure_boot_facts(medium, machine, facts);
    keys.clear();
    words.clear();
    for (const auto& [key, word] : facts.words) {
        keys.push_back(key);
        words.push_back(word);
    }
    return packed(findings, facts.all, keys, words);
}

std::string menu_job(std::span<const int> files, std::string_view input) {
    std::string name, title;
    Arch arch{};
    unpack(input, name, arch, title);
    const MediumFacts medium = read_medium_facts(medium_in(files), name);
    std::optional<LoadedEntry> found;
    for (const ConfigFacts& config : medium.configs)
        for (const EntryFacts& entry : config.entries)
            if (!found && suits(entry, medium, arch, title)) {
                found = LoadedEntry{entry.kernel, entry.initrds, entry.said.command_line};
                if (entry.volume > 0 && entry.volume <= medium.esps.size()) {
                    found->fat_offset = medium.esps[entry.volume - 1].offset;
                    found->fat_size = medium.esps[entry.volume - 1].size;
                }
            }
    return packed(found);
}

}  // namespace lktest
