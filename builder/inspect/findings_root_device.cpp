// SPDX-License-Identifier: MIT
// The file system that an entry of a disk's menu names as its root or as its live medium.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>

#include "builder/inspect/boot_paths.hpp"
#include "builder/inspect/findings.hpp"
#include "builder/inspect/path_lookup.hpp"

namespace lktest {
namespace {

/// How a parameter names a file system: "LABEL" and "rootfs".
struct DeviceName {
    std::string by, value;
    std::string_view word;
    bool live = false;  ///< the medium of a live system, not the root itself
};

std::optional<DeviceName> name_in(std::string_view value, std::string_view word, bool live) {
    struct Form {
        std::string_view prefix, by;
    };
    constexpr std::array forms{Form{"LABEL=", "LABEL"},
                               Form{"CDLABEL=", "LABEL"},
                               Form{"UUID=", "UUID"},
                               Form{"PARTUUID=", "PARTUUID"},
                               Form{"PARTLABEL=", "PARTLABEL"},
                               Form{"/dev/disk/by-label/", "LABEL"},
                               Form{"/dev/disk/by-uuid/", "UUID"},
                               Form{"/dev/disk/by-partuuid/", "PARTUUID"},
                               Form{"/dev/disk/by-partlabel/", "PARTLABEL"}};
    for (const Form& form : forms)
        if (value.starts_with(form.prefix)) {
            value.remove_prefix(form.prefix.size());
            if (live)
                value = value.substr(0, value.find(':'));
            if (form.by == "PARTUUID")  // "…/PARTNROFF=1"
                value = value.substr(0, value.find('/'));
            if (value.empty() || value.find_first_of("$%") != value.npos)
                return std::nullopt;
            return DeviceName{std::string(form.by), std::string(value), word, live};
        }
    return std::nullopt;
}

/// root=, and the parameters of live systems and installers.
std::optional<DeviceName> device_in(std::string_view line) {
    std::optional<DeviceName> found;
    for (const std::string_view word : words_of(line)) {
        const std::size_t equals = word.find('=');
        if (equals == word.npos)
            continue;
        const std::string_view name = word.substr(0, equals), value = word.substr(equals + 1);
        std::optional<DeviceName> said;
        if (name == "root")
            said = value.starts_with("live:") ? name_in(value.substr(5), word, true)
                                              : name_in(value, word, false);
        else if (name == "inst.stage2" && value.starts_with("hd:"))
            said = name_in(value.substr(3), word, true);
        else if (name == "archisodevice" || name == "misodevice" || name == "live-media")
            said = name_in(value, word, true);
        else if (name == "archisolabel" || name == "misolabel")
            said = DeviceName{"LABEL", std::string(value), word, true};
        else if (name == "archisosearchuuid")
            said = DeviceName{"UUID", std::string(value), word, true};
        if (said)
            found = said;
    }
    return found;
}

bool names(const DiskPartition& one, const DeviceName& device) {
    if (device.by == "LABEL")
        return escaped_label(one.content.label) == device.value || one.content.label == device.value;
    if (device.by == "UUID")
        return lower_case(one.content.uuid) == lower_case(device.value);
    return device.by == "PARTUUID" ? one.partition.uuid == lower_case(device.value)
                                   : one.partition.name == device.value;
}

/// "partition 2 (root): ext4, label rootfs".
std::string describe_partition(const DiskPartition& one, std::string_view by) {
    const std::string kind = one.content.kind.empty() ? one.partition.type : one.content.kind;
    const std::string& value = by == "LABEL"      ? one.content.label
                               : by == "UUID"     ? one.content.uuid
                               : by == "PARTUUID" ? one.partition.uuid
                                                  : one.partition.name;
    return fmt::format("partition {} ({}) has {}", one.partition.number, kind,
                       value.empty() ? "none" : value);
}

/// Whether every file system on the disk is known, so that a name which none has is wrong.
bool is_disk_known(const MediumFacts& facts, const DeviceName& device) {
    constexpr std::uint8_t extended = 0x05, extended_lba = 0x0f;
    bool any = false;
    for (const DiskPartition& one : facts.disk) {
        const std::uint8_t type = one.partition.mbr_type;
        if (type == extended || type == extended_lba)
            return false;
        const bool by_table = device.by.starts_with("PART");
        const bool boot_only = one.partition.type == "BIOS boot" || one.content.empty;
        constexpr std::array<std::string_view, 4> unread{"F2FS", "exFAT", "NTFS",
                                                         "FIT image"};  // their names
        if (!by_table && std::ranges::find(unread, one.content.kind) != unread.end())
            return false;
        if (!by_table && (one.content.container || (one.content.kind.empty() && !boot_only)))
            return false;
        // A stick with nothing but a boot partition may start a system on another disk.
        any |= device.live || (one.content.kind != "FAT" && (by_table || !one.content.kind.empty()));
    }
    return any;
}

void report_missing(const MediumFacts& facts, const BootPath& path, const DeviceName& device,
                    IsoFindings& findings) {
    std::vector<std::string> there;
    const DiskPartition* root = nullptr;
    const DiskPartition* cut = nullptr;
    for (const DiskPartition& one : facts.disk) {
        there.push_back(describe_partition(one, device.by));
        if (one.content.kind != "FAT" && !one.content.kind.empty() && one.content.kind != "swap")
            root = &one;
        const std::string label = lower_case(one.content.label);
        if (label.size() > 3 && lower_case(device.value).starts_with(label))
            cut = &one;
    }
    const bool by_label = device.by == "LABEL";
    std::string fix;
    if (by_label && cut)
        fix = fmt::format("Write {} there.", escaped_label(cut->content.label));
    else if (const DiskPartition* one = device.live && !facts.disk.empty() ? &facts.disk.front() : root) {
        const std::string right = by_label                  ? escaped_label(one->content.label)
                                  : device.by == "UUID"     ? one->content.uuid
                                  : device.by == "PARTUUID" ? one->partition.uuid
                                                            : one->partition.name;
        fix = right.empty() ? fmt::format("Give {} that name, or name it another way, such as PARTUUID={}.",
                                          name_of(one->partition), one->partition.uuid)
                            : fmt::format("Write {}={} there, if {} is meant.", device.by, right,
                                          name_of(one->partition));
    }
    add_error(findings,
              by_label              ? "label-mismatch"
              : device.by == "UUID" ? "uuid-mismatch"
                                    : "root-partition-missing",
              fmt::format(
                  "{}: '{}' names a {} that no partition of the disk has: the boot stops while it waits for "
                  "that device. {}.{}",
                  describe(path), device.word,
                  by_label                   ? "label"
                  : device.by == "PARTLABEL" ? "partition name"
                                             : device.by,
                  some_of(there), by_label && cut ? " The label of a FAT has 11 characters at most." : ""),
              fix);
}

}  // namespace

void judge_root_devices(const MediumFacts& facts, IsoFindings& findings) {
    if (facts.kind != MediumKind::disk || facts.disk.empty())
        return;
    const std::vector<BootPath> paths = boot_paths(facts);
    const auto on_disk = [&facts](const DeviceName& device) {
        return std::ranges::any_of(facts.disk, [&](const DiskPartition& one) { return names(one, device); });
    };
    // Beside an entry for this disk, others may start the machine's own system.
    const bool some_found = std::ranges::any_of(paths, [&](const BootPath& path) {
        const auto device = device_in(path.entry->said.command_line);
        return device && on_disk(*device);
    });
    std::set<std::string> said;
    for (const BootPath& path : paths) {
        const auto device = device_in(path.entry->said.command_line);
        if (!device || !said.insert(path.place + std::string(device->word)).second)
            continue;
        const auto found =
            std::ranges::find_if(facts.disk, [&](const DiskPartition& one) { return names(one, *device); });
        if (found == facts.disk.end()) {
            if (!some_found && path.entry->said.certain && is_disk_known(facts, *device))
                report_missing(facts, path, *device, findings);
        } else if (!device->live && found->content.kind == "FAT" && facts.disk.size() > 1) {
            add_error(findings, "root-is-fat",
                      fmt::format("{}: '{}' names {}, a FAT file system such as an EFI system partition: it "
                                  "cannot be a root.",
                                  describe(path), device->word, name_of(found->partition)),
                      "Name the partition that has the root file system.");
        }
    }
}

}  // namespace lktest
