// SPDX-License-Identifier: MIT
// UUIDs of the medium and of its partitions, as kernel parameters name them.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "builder/inspect/boot_paths.hpp"
#include "builder/inspect/findings.hpp"
#include "builder/inspect/path_lookup.hpp"

namespace lktest {
namespace {

/// "2026-11-30-09-00-00-00" is the shape of an ISO 9660 UUID.
bool is_iso_uuid(std::string_view uuid) {
    if (uuid.size() != 22)
        return false;
    for (std::size_t i = 0; i < uuid.size(); ++i)
        if (const bool dash = i == 4 || (i > 4 && (i - 4) % 3 == 0);
            dash != (uuid[i] == '-') || (!dash && (uuid[i] < '0' || uuid[i] > '9')))
            return false;
    return true;
}

struct UuidUse {
    std::string_view word, uuid;
};

/// Parameters that name the medium by its UUID. `root=UUID=` may also name a disk of the machine.
std::vector<UuidUse> uuids_in(std::string_view line) {
    std::vector<UuidUse> uses;
    for (const std::string_view word : words_of(line)) {
        std::string_view value = word.substr(std::min(word.find('=') + 1, word.size()));
        const std::string_view name = word.substr(0, word.find('='));
        const bool live = name == "archisosearchuuid" || value.starts_with("live:UUID=") ||
                          ((name == "inst.stage2" || name == "inst.repo") && value.starts_with("hd:UUID=")) ||
                          (name == "live-media" && value.starts_with("/dev/disk/by-uuid/"));
        if (!live && !(name == "root" && value.starts_with("UUID=")))
            continue;
        for (const std::string_view mark : {"UUID=", "by-uuid/"})
            if (const std::size_t at = value.find(mark); at != std::string_view::npos)
                value.remove_prefix(at + mark.size());
        value = value.substr(0, value.find_first_of(":,/\"'"));
        if (!value.empty() && value.find('$') == std::string_view::npos && (live || is_iso_uuid(value)))
            uses.push_back({word, value});
    }
    return uses;
}

void judge_path_uuids(const MediumFacts& facts, const IsoTree& tree, const BootPath& path,
                      IsoFindings& findings, std::set<std::string>& said) {
    for (const UuidUse& use : uuids_in(path.entry->said.command_line)) {
        const std::string uuid(use.uuid);
        if (lower_case(uuid) == lower_case(facts.volume.uuid) || tree.find("/boot/" + uuid + ".uuid") ||
            !said.insert("uuid " + path.place + uuid).second)
            continue;
        if (!is_iso_uuid(uuid) && facts.esps.size() > 1)
            continue;  // another file system of the medium may have it
        add_error(
            findings, "uuid-mismatch",
            fmt::format(
                "{}: '{}' looks for the volume with the UUID {}, but this one has {}, so it is not found.",
                describe(path), use.word, uuid, facts.volume.uuid),
            fmt::format("Write {} there, or write the ISO with that UUID (xorriso -as mkisofs: "
                        "--modification-date={}).",
                        facts.volume.uuid, [&uuid] {
                            std::string digits = uuid;
                            std::erase(digits, '-');
                            return digits;
                        }()));
    }
}

}  // namespace

void judge_uuids(const MediumFacts& facts, IsoFindings& findings) {
    if (!facts.tree)
        return;
    std::set<std::string> said;
    for (const BootPath& path : boot_paths(facts)) {
        if (!facts.volume.uuid.empty())
            judge_path_uuids(facts, *facts.tree, path, findings, said);
    }
}

}  // namespace lktest
