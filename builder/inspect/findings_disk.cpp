// SPDX-License-Identifier: MIT
// The image of a whole disk: what a BIOS and UEFI firmware need of its partitions.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "builder/inspect/findings.hpp"
#include "builder/inspect/path_lookup.hpp"

namespace lktest {
namespace {

const DiskPartition* partition_of(const MediumFacts& facts, const EspFacts& esp) {
    const auto found = std::ranges::find_if(
        facts.disk, [&esp](const DiskPartition& one) { return one.partition.offset == esp.offset; });
    return found == facts.disk.end() ? nullptr : &*found;
}

bool has_uefi_loader(const MediumFacts& facts) {
    return std::ranges::any_of(facts.efi, [](const EfiProgram& program) {
        return lower_case(program.path).starts_with("/efi/boot/boot");
    });
}

/// SYSLINUX's configuration on this partition, if it has an entry; null if none has.
const ConfigFacts* syslinux_config(const MediumFacts& facts, std::size_t volume) {
    for (const ConfigFacts& config : facts.configs) {
        const std::string file = lower_case(file_name_of(config.path));
        if (config.volume == volume && file == "syslinux.cfg" && !config.entries.empty())
            return &config;
    }
    return nullptr;
}

void add_by_way(const MediumFacts& facts, IsoFindings& findings, std::string id, std::string text,
                std::string fix) {
    // With a UEFI loader the disk boots on other machines.
    (has_uefi_loader(facts) ? add_warning : add_error)(findings, std::move(id), std::move(text),
                                                       std::move(fix));
}

void judge_active_flag(const MediumFacts& facts, const DiskPartition& partition, IsoFindings& findings) {
    const PartitionTables& tables = facts.partitions;
    if (!tables.starts_active || partition.partition.active)
        return;
    const bool gpt = tables.gpt && tables.protective;
    add_by_way(
        facts, findings, "no-active-partition",
        fmt::format("The boot code in the first sector starts the active partition, but {}, which has "
                    "SYSLINUX, is not marked as active (bootable): a BIOS stops at \"Missing operating "
                    "system\".",
                    name_of(partition.partition)),
        gpt ? fmt::format("sgdisk --attributes={}:set:2 IMAGE", partition.partition.number)
            : fmt::format("sfdisk --activate IMAGE {}", partition.partition.number));
}

/// SYSLINUX on a FAT partition, as started by a BIOS.
void judge_syslinux_partition(const MediumFacts& facts, std::size_t index, IsoFindings& findings) {
    const EspFacts& esp = facts.esps[index];
    const DiskPartition* partition = partition_of(facts, esp);
    if (partition && !facts.partitions.boot_code)
        add_by_way(facts, findings, "no-boot-code",
                   fmt::format("{} has SYSLINUX's boot sector, but the first sector of the disk has no boot "
                               "code that would start it: a BIOS does not boot the disk.",
                               name_of(partition->partition)),
                   facts.partitions.gpt
                       ? "dd if=gptmbr.bin of=IMAGE bs=440 count=1 conv=notrunc (gptmbr.bin is SYSLINUX's)"
                       : "dd if=mbr.bin of=IMAGE bs=440 count=1 conv=notrunc (mbr.bin is SYSLINUX's)");
    else if (partition)
        judge_active_flag(facts, *partition, findings);
    const bool has_config = std::ranges::any_of(facts.configs, [&](const ConfigFacts& config) {
        const std::string file = lower_case(file_name_of(config.path));
        return config.volume == index + 1 && (file == "syslinux.cfg" || file == "extlinux.conf");
    });
    if (!has_config && !has_uefi_loader(facts))
        add_error(findings, "syslinux-config-missing",
                  fmt::format("The partition at byte {} boots SYSLINUX, but has no syslinux.cfg: it stops at "
                              "its prompt, \"boot:\".",
                              esp.offset),
                  "Put syslinux.cfg next to ldlinux.sys.");
}

/// Files of SYSLINUX without its boot sector: they were copied, and the installer was not run.
void judge_copied_syslinux(const MediumFacts& facts, std::size_t index, IsoFindings& findings) {
    const DiskPartition* partition = partition_of(facts, facts.esps[index]);
    const ConfigFacts* config = syslinux_config(facts, index + 1);
    const bool other_loader =
        has_uefi_loader(facts) || (facts.partitions.boot_code && !facts.partitions.starts_active);
    if (!partition || !config || other_loader)
        return;
    const std::string directory(directory_of(config->path));
    add_error(
        findings, "syslinux-not-installed",
        fmt::format("{} has {}, but its boot sector is not SYSLINUX's: the files were only copied, and a "
                    "BIOS starts nothing.",
                    name_of(partition->partition), config->path),
        fmt::format("Install the boot sector: syslinux --install --directory {} PARTITION. A live "
                    "system's own bootinst.sh does the same.",
                    directory));
}

/// The modules that menus on this partition start, and those that they need.
void judge_modules(const MediumFacts& facts, std::size_t index, IsoFindings& findings) {
    struct Needs {
        std::string_view module, needed;
    };
    constexpr std::array needs{Needs{"menu.c32", "libutil.c32"}, Needs{"vesamenu.c32", "libcom32.c32"},
                               Needs{"vesamenu.c32", "libutil.c32"}, Needs{"chain.c32", "libcom32.c32"}};
    std::vector<std::string> wanted, missing;
    for (const ConfigFacts& config : facts.configs)
        if (config.volume == index + 1 && config.judged && config.said.loader == BootLoader::syslinux)
            for (const NamedFile& module : config.said.modules)
                wanted.push_back(lower_case(file_name_of(module.path)));
    const auto has = [&facts](std::string_view file) {
        return std::ranges::any_of(facts.tree->nodes, [file](const auto& node) {
            return lower_case(file_name_of(node.first)) == file;
        });
    };
    const bool new_version = has("ldlinux.c32");
    for (const std::string& module : std::vector(wanted))
        for (const Needs& need : needs)
            if (new_version && module == need.module)
                wanted.emplace_back(need.needed);
    for (const std::string& module : wanted)
        if (!has(module) && std::ranges::find(missing, module) == missing.end())
            missing.push_back(module);
    if (!missing.empty())
        add_by_way(facts, findings, "syslinux-module-missing",
                   fmt::format("SYSLINUX's menu needs {}, which {} not on the disk: it stops at \"boot:\".",
                               some_of(missing), missing.size() == 1 ? "is" : "are"),
                   "Copy the modules of the same SYSLINUX version next to ldlinux.c32.");
}

/// An ISO that was written into a partition does not boot: its loaders expect it at the disk's beginning.
void judge_iso_inside(const MediumFacts& facts, IsoFindings& findings) {
    const bool other = has_uefi_loader(facts) || std::ranges::any_of(facts.esps, &EspFacts::syslinux);
    if (other)
        return;
    for (const DiskPartition& one : facts.disk)
        if (one.content.kind == "ISO 9660")
            add_error(
                findings, "iso-in-partition",
                fmt::format("{} contains a complete ISO image ('{}'). Its boot loaders are found only if "
                            "the image begins at the disk's first sector.",
                            name_of(one.partition), one.content.label),
                "Write the ISO to the whole disk (/dev/sdX), not to a partition (/dev/sdX1).");
}

/// Firmware uses a GPT only if the MBR announces it.
void judge_protection(const MediumFacts& facts, IsoFindings& findings) {
    const PartitionTables& tables = facts.partitions;
    const auto is_esp = [](const Partition& one) { return one.esp; };
    if (!tables.gpt || tables.protective || !tables.gpt->header_crc ||
        std::ranges::none_of(tables.gpt->partitions, is_esp) || std::ranges::any_of(tables.mbr, is_esp))
        return;
    add_error(
        findings, "gpt-not-announced",
        "The MBR has no protective entry (type 0xEE from sector 1), so firmware ignores the GPT, and the "
        "MBR itself names no EFI system partition.",
        "Write the protective MBR again: sgdisk IMAGE, or fdisk's command w.");
}

void judge_backup_only(const MediumFacts& facts, IsoFindings& findings) {
    if (facts.partitions.backup_only)
        add_error(
            findings, "gpt-primary-missing",
            "The GPT at the beginning of the disk is damaged or overwritten, and only its second copy at "
            "the end is left: much firmware does not look for that, and finds no partition.",
            "Let gdisk rebuild it from the copy: gdisk IMAGE, then the commands r, b and w.");
}

/// Partitions of an MBR that share sectors; an ISO's may do that by design.
void judge_overlaps(const MediumFacts& facts, IsoFindings& findings) {
    const PartitionTables& tables = facts.partitions;
    if (tables.gpt)
        return;  // see judge_gpt_entries()
    for (std::size_t i = 0; i < tables.mbr.size(); ++i)
        for (std::size_t j = i + 1; j < tables.mbr.size(); ++j) {
            const Partition &one = tables.mbr[i], &other = tables.mbr[j];
            if (one.offset < other.offset + other.size && other.offset < one.offset + one.size)
                add_warning(findings, "mbr-partitions-overlap",
                            fmt::format("Partitions {} and {} of the MBR overlap: writing to one damages the "
                                        "other, and Linux may ignore one of them.",
                                        one.number, other.number),
                            "Give each partition its own sectors.");
        }
}

/// A loader in a partition whose type firmware does not look at.
void judge_esp_type(const MediumFacts& facts, IsoFindings& findings) {
    constexpr std::array<std::uint8_t, 7> fat_types{0x01, 0x04, 0x06, 0x0b, 0x0c, 0x0e, 0xef};
    if (std::ranges::any_of(facts.esps, [](const EspFacts& esp) { return esp.typed; }))
        return;
    for (std::size_t i = 0; i < facts.esps.size(); ++i) {
        const DiskPartition* partition = partition_of(facts, facts.esps[i]);
        const bool loader = std::ranges::any_of(facts.efi, [i](const EfiProgram& program) {
            return program.volume == i + 1 && lower_case(program.path).starts_with("/efi/boot/boot");
        });
        if (!partition || !loader)
            continue;
        const Partition& one = partition->partition;
        // Firmware starts sticks with plain FAT and "basic data" partitions.
        const bool usual = one.mbr_type == 0 ? one.type == "basic data"
                                             : std::ranges::find(fat_types, one.mbr_type) != fat_types.end();
        if (!usual)
            add_error(
                findings, "esp-type",
                fmt::format("{} has the UEFI loader, but the type {}: firmware looks for a loader in EFI "
                            "system partitions.",
                            name_of(one), one.type),
                one.mbr_type == 0 ? fmt::format("sgdisk --typecode={}:ef00 IMAGE", one.number)
                                  : fmt::format("sfdisk --part-type IMAGE {} ef", one.number));
    }
}

void judge_sector_size(const MediumFacts& facts, IsoFindings& findings) {
    const std::uint64_t disk = facts.partitions.sector;
    for (const EspFacts& esp : facts.esps)
        if (esp.fat_bits != 0 && esp.sector < disk)
            add_error(
                findings, "fat-sector-size",
                fmt::format("The partition table counts sectors of {} bytes, as on 4Kn disks, but the FAT "
                            "in the EFI system partition ({}) has sectors of {} bytes: on such a disk it "
                            "cannot be mounted.",
                            disk, esp.from, esp.sector),
                fmt::format("Make the FAT with mkfs.vfat -S {}.", disk));
    if (disk != 512)
        add_notice(findings, "large-sectors",
                   fmt::format("The image is for disks with sectors of {} bytes. On a USB stick and on most "
                               "other disks, which have 512, its partitions are not found.",
                               disk),
                   "Make another image for those disks, unless it is only for 4Kn disks.");
}

}  // namespace

void judge_disk(const MediumFacts& facts, IsoFindings& findings) {
    if (facts.kind != MediumKind::disk || !facts.tree)
        return;
    judge_protection(facts, findings);
    judge_backup_only(facts, findings);
    judge_overlaps(facts, findings);
    judge_esp_type(facts, findings);
    judge_sector_size(facts, findings);
    judge_iso_inside(facts, findings);
    for (std::size_t i = 0; i < facts.esps.size(); ++i) {
        if (facts.esps[i].syslinux) {
            judge_syslinux_partition(facts, i, findings);
            judge_modules(facts, i, findings);
        } else {
            judge_copied_syslinux(facts, i, findings);
        }
    }
}

bool is_for_bios(const MediumFacts& facts) {
    return facts.partitions.boot_code || std::ranges::any_of(facts.esps, &EspFacts::syslinux) ||
           std::ranges::any_of(facts.configs, [](const ConfigFacts& config) {
               return lower_case(file_name_of(config.path)) == "syslinux.cfg" && !config.entries.empty();
           });
}

}  // namespace lktest
