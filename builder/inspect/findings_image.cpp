// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>

#include "builder/inspect/findings.hpp"
#include "builder/inspect/path_lookup.hpp"

namespace lktest {
namespace {

/// A BIOS that loads so many bytes has all of GRUB's image.
constexpr std::uint64_t grub_loaded_whole = 32 << 10;

bool has_platform(const MediumFacts& facts, std::uint8_t platform) {
    return facts.catalogue &&
           std::ranges::any_of(facts.catalogue->images, [platform](const BootImage& image) {
               return image.platform == platform && image.bootable;
           });
}

void judge_tree(const MediumFacts& facts, IsoFindings& findings) {
    if (facts.tree_damaged)
        add_error(findings, "iso-tree-damaged",
                  "A directory of the ISO is damaged, cut off or its own parent: the files below it cannot "
                  "be found.",
                  "Write the image again, and check the disk and memory of the machine that wrote it.");
    if (!facts.cut_files.empty())
        add_error(findings, "file-outside",
                  fmt::format("The content of {} is past the end of the image.", some_of(facts.cut_files)),
                  "Write the image again.");
}

/// Firmware for UEFI reads a FAT of any size, but only without emulation of a floppy disk.
void judge_uefi_images(const MediumFacts& facts, IsoFindings& findings) {
    for (const BootImage& image : facts.catalogue->images)
        if (image.platform == efi_platform && image.emulation != 0)
            add_error(
                findings, "uefi-image-emulated",
                fmt::format("El Torito's entry for UEFI asks for the emulation of a {}: firmware sees a "
                            "disk of that size instead of the EFI system partition.",
                            image.emulation == 4 ? "hard disk" : "floppy disk"),
                "Write the ISO with -no-emul-boot after -e.");
}

/// The boot image for BIOS must be a boot loader for BIOS.
void judge_bios_images(const MediumFacts& facts, IsoFindings& findings) {
    for (std::size_t i = 0; i < facts.catalogue->images.size(); ++i) {
        const BootImage& image = facts.catalogue->images[i];
        const std::string& content = facts.boot_contents[i];
        if (image.platform == bios_platform && image.emulation != 0 &&
            (content == "ISOLINUX" || content == "GRUB"))
            add_error(
                findings, "bios-image-emulated",
                fmt::format("El Torito's entry for BIOS asks for the emulation of a {}, but {} is a loader "
                            "for a CD without emulation: it does not find the rest of itself.",
                            image.emulation == 4 ? "hard disk" : "floppy disk",
                            facts.boot_paths[i].empty() ? content : facts.boot_paths[i]),
                "Write the ISO with -no-emul-boot after -b.");
        if (image.platform != bios_platform || image.emulation != 0 ||
            (content != "FAT" && content != "EFI program"))
            continue;
        add_error(
            findings, "bios-image-is-uefi",
            fmt::format(
                "El Torito's entry for BIOS is {}, which is {}: BIOS machines run its first bytes "
                "as code, and UEFI machines ignore the entry.",
                facts.boot_paths[i].empty() ? fmt::format("at byte {}", image.offset) : facts.boot_paths[i],
                content == "FAT" ? "an EFI system partition, a FAT file system" : "an EFI program"),
            "Pass it to xorriso as the UEFI image: -eltorito-alt-boot -e efiboot.img -no-emul-boot. Use -b "
            "only for BIOS loaders such as isolinux.bin.");
    }
}

/// GRUB's boot image finds the rest of itself by the boot info table, as ISOLINUX does.
void judge_grub_images(const MediumFacts& facts, IsoFindings& findings) {
    for (std::size_t i = 0; i < facts.catalogue->images.size() && i < facts.boot_info.size(); ++i) {
        const BootImage& image = facts.catalogue->images[i];
        if (image.platform == bios_platform && image.emulation == 0 && facts.boot_contents[i] == "GRUB" &&
            !facts.boot_info[i] && image.size < grub_loaded_whole)
            add_error(
                findings, "boot-info-table-missing",
                fmt::format("{} is GRUB for a CD, but has no boot info table: it does not know its "
                            "position on the medium, and cannot load the rest of itself.",
                            facts.boot_paths[i].empty() ? "El Torito's image for BIOS" : facts.boot_paths[i]),
                "Write the ISO with -boot-info-table and --grub2-boot-info.");
    }
}

void judge_catalogue(const MediumFacts& facts, IsoFindings& findings) {
    if (!facts.catalogue) {
        add_error(
            findings, "no-boot-record", "The ISO has no El Torito boot record, so it does not boot as a CD.",
            "Pass the boot images to the program that writes the ISO (xorriso: -b for BIOS, -e for UEFI).");
        return;
    }
    if (!facts.catalogue->valid)
        add_error(findings, "catalogue-invalid",
                  "The boot catalogue's validation entry has a wrong key or checksum: firmware ignores the "
                  "whole catalogue.",
                  "Write the image again, and do not change the catalogue afterwards.");
    judge_bios_images(facts, findings);
    judge_grub_images(facts, findings);
    judge_uefi_images(facts, findings);
    for (const BootImage& image : facts.catalogue->images)
        if (image.offset >= facts.size && image.platform != efi_platform)
            add_error(
                findings, "boot-image-outside",
                fmt::format(
                    "A boot image for platform {:#x} should be at byte {}, which is past the end of the ISO.",
                    image.platform, image.offset),
                "Write the image again, with the boot images inside it.");
    const bool has_loader = std::ranges::any_of(facts.efi, [](const EfiProgram& program) {
        return lower_case(program.path).starts_with("/efi/boot/boot");
    });
    if (!has_platform(facts, efi_platform)) {
        const std::string text = "El Torito has no entry for UEFI: as a CD it does not boot on UEFI machines";
        const std::string fix =
            "Add an EFI system partition image as a boot image of platform 0xEF (xorriso: -e efiboot.img "
            "-no-emul-boot).";
        if (has_loader)
            add_error(findings, "no-uefi-entry", text + ", although the ISO holds a UEFI boot loader.", fix);
        else
            add_warning(findings, "no-uefi-entry", text + ".", fix);
    }
    const bool has_isolinux = std::ranges::any_of(facts.configs, [](const ConfigFacts& config) {
        return lower_case(config.path).ends_with("isolinux.cfg");
    });
    if (has_isolinux && !has_platform(facts, bios_platform))
        add_error(findings, "no-bios-entry",
                  "The medium has a configuration of ISOLINUX, but El Torito has no entry for BIOS that "
                  "would start it.",
                  "Make isolinux.bin a boot image (xorriso: -b isolinux/isolinux.bin -no-emul-boot "
                  "-boot-load-size 4 -boot-info-table).");
}

/// Whether the file ends inside the partition, and only the partition's unused end is missing.
bool is_content_whole(const MediumFacts& facts, const Partition& partition) {
    const auto known = std::ranges::find_if(facts.disk, [&partition](const DiskPartition& one) {
        return one.partition.offset == partition.offset;
    });
    return known != facts.disk.end() && known->content.size != 0 && partition.offset < facts.size &&
           known->content.size <= facts.size - partition.offset;
}

void judge_partition_places(const MediumFacts& facts, const std::vector<Partition>& partitions,
                            std::string_view table, IsoFindings& findings) {
    for (const Partition& partition : partitions) {
        const auto known = std::ranges::find_if(facts.disk, [&partition](const DiskPartition& one) {
            return one.partition.offset == partition.offset && one.content.size != 0;
        });
        // isohybrid rounds the first partition up to whole cylinders of at most 8 MiB.
        const std::uint64_t slack = known != facts.disk.end() ? 0 : 8 << 20;
        if (!is_content_whole(facts, partition) &&
            (partition.offset >= facts.size || partition.offset + partition.size > facts.size + slack))
            add_error(
                findings, "partition-outside",
                fmt::format("Partition {} of the {} ends at byte {}, but the image at {}.", partition.number,
                            table, partition.offset + partition.size, facts.size),
                "Write the image again, and change partitions only on a copy that is as large as its stick.");
    }
}

}  // namespace

bool judge_disk_size(const MediumFacts& facts, IsoFindings& findings) {
    const auto& gpt = facts.partitions.gpt;
    if (!gpt || !gpt->header_crc || gpt->disk_size <= facts.size)
        return false;
    add_error(findings, "image-truncated",
              fmt::format("The image is cut off: its partition table describes a disk of {} bytes, but the "
                          "file has {}; {} bytes are missing.",
                          gpt->disk_size, facts.size, gpt->disk_size - facts.size),
              "Copy or download it again, and compare its checksum.");
    return true;
}

namespace {
/// Firmware skips entries of a GPT that overlap, or that are outside of the usable range in its header.
void judge_gpt_entries(const MediumFacts& facts, IsoFindings& findings) {
    const Gpt& gpt = *facts.partitions.gpt;
    if (!facts.partitions.protective)
        return;  // firmware uses the MBR
    const auto report = [&](const Partition& partition, const std::string& why, const std::string& fix) {
        const std::string text = fmt::format("GPT partition {} ({}) {}: firmware skips it.", partition.number,
                                             partition.type, why);
        (partition.esp ? add_error : add_warning)(findings, "gpt-partition-skipped", text, fix);
    };
    for (const Partition& partition : gpt.partitions) {
        if (partition.offset < gpt.first_usable)
            report(
                partition,
                fmt::format("begins at byte {}, before the first usable one, {}", partition.offset,
                            gpt.first_usable),
                "Move the partition, or write the table with xorriso or sgdisk, which keep to the limits.");
        else if (partition.offset + partition.size > gpt.last_usable)
            report(partition,
                   fmt::format("ends at byte {}, after the last usable one, {}",
                               partition.offset + partition.size, gpt.last_usable),
                   "Write the table again with sgdisk -e IMAGE.");
        for (const Partition& other : gpt.partitions)
            if (other.number != partition.number && partition.offset < other.offset + other.size &&
                other.offset < partition.offset + partition.size) {
                report(partition, fmt::format("overlaps partition {}", other.number),
                       "Give each partition its own sectors.");
                break;
            }
    }
}

void judge_boot_code(const MediumFacts& facts, IsoFindings& findings) {
    if (facts.partitions.boot_code || !has_platform(facts, bios_platform))
        return;
    add_warning(
        findings, "no-boot-code",
        "The first sector has a partition table but no boot code: BIOS machines boot the CD, but not a USB "
        "stick.",
        "Add boot code: xorriso -isohybrid-mbr isohdpfx.bin for ISOLINUX, or --grub2-mbr boot_hybrid.img "
        "for GRUB.");
}

void judge_partitions(const MediumFacts& facts, IsoFindings& findings) {
    const PartitionTables& tables = facts.partitions;
    judge_disk_size(facts, findings);
    if (!tables.boot_signature && (!tables.gpt || facts.kind == MediumKind::iso)) {
        add_warning(
            findings, "no-partition-table",
            fmt::format("{}: written to a USB stick, the image does not boot on any machine.",
                        tables.empty ? "The first sector is empty"
                                     : "The first sector does not end with the boot signature 55 AA, so "
                                       "firmware ignores its partition table and boot code"),
            "Make the image a hybrid (xorriso: -isohybrid-mbr and -append_partition, or "
            "grub-mkrescue).");
        return;
    }
    judge_partition_places(facts, tables.mbr, "MBR", findings);
    if (tables.gpt) {
        if (!tables.gpt->header_crc || !tables.gpt->entries_crc)
            add_error(
                findings, "gpt-crc",
                fmt::format("The checksum of the GPT's {} is wrong: firmware treats the table as invalid.",
                            tables.gpt->header_crc ? "entries" : "header"),
                "Let sgdisk -e IMAGE or xorriso write the table again.");
        else {
            if (!tables.gpt->backup)
                add_warning(
                    findings, "gpt-backup-missing",
                    "The GPT's second copy is not where the first one says: some firmware refuses the "
                    "disk then.",
                    "Write the image again, or move the copy to the end with sgdisk -e IMAGE.");
            judge_partition_places(facts, tables.gpt->partitions, "GPT", findings);
            judge_gpt_entries(facts, findings);
        }
    }
    judge_boot_code(facts, findings);
    const auto is_esp = [](const Partition& partition) { return partition.esp; };
    const bool has_esp = std::ranges::any_of(tables.mbr, is_esp) ||
                         (tables.gpt && std::ranges::any_of(tables.gpt->partitions, is_esp));
    const bool readable = !tables.gpt || (tables.gpt->header_crc && tables.gpt->entries_crc);
    if (!has_esp && readable && has_platform(facts, efi_platform))
        add_warning(
            findings, "no-esp-partition",
            "No partition has the EFI system type: written to a USB stick, UEFI machines may not boot "
            "it.",
            "Append the ESP as a partition (xorriso: -append_partition 2 0xef efiboot.img).");
}

/// ISOLINUX expects that the BIOS loads its first 2048 bytes.
void judge_load_size(const MediumFacts& facts, const std::string& isolinux, IsoFindings& findings) {
    constexpr std::uint64_t needed = 2048;
    if (!facts.catalogue)
        return;
    for (std::size_t i = 0; i < facts.catalogue->images.size() && i < facts.boot_contents.size(); ++i) {
        const BootImage& image = facts.catalogue->images[i];
        if (facts.boot_contents[i] == "ISOLINUX" && image.platform == bios_platform && image.emulation == 0 &&
            image.size > 0 && image.size < needed)
            add_error(findings, "isolinux-load-size",
                      fmt::format("El Torito has the BIOS load {} bytes of {}, which needs 2048: it crashes "
                                  "before it prints anything.",
                                  image.size, isolinux),
                      "Write the ISO with -boot-load-size 4.");
    }
}

}  // namespace

void judge_image(const MediumFacts& facts, IsoFindings& findings) {
    if (facts.kind == MediumKind::iso) {
        judge_tree(facts, findings);
        judge_catalogue(facts, findings);
    }
    if (facts.kind != MediumKind::netboot)
        judge_partitions(facts, findings);
}

void judge_isolinux(const MediumFacts& facts, IsoFindings& findings) {
    if (!facts.isolinux)
        return;
    const IsolinuxFacts& isolinux = *facts.isolinux;
    const std::string where = isolinux.path.empty() ? "isolinux.bin" : isolinux.path;
    if (!isolinux.table_patched)
        add_error(findings, "boot-info-table-missing",
                  fmt::format("{} has no boot info table: it does not know its position on the medium, and "
                              "cannot load the rest of itself.",
                              where),
                  "Write the ISO with -boot-info-table.");
    else if (!isolinux.checksum_right)
        add_error(findings, "boot-info-checksum",
                  fmt::format("{} does not match the checksum in its boot info table: it stops at \"Image "
                              "checksum error, sorry...\".",
                              where),
                  "Write the ISO again, and do not change the file afterwards.");
    judge_load_size(facts, where, findings);
    if (isolinux.needs_ldlinux && !isolinux.has_ldlinux)
        add_error(
            findings, "ldlinux-missing",
            fmt::format(
                "{} is version {}, but ldlinux.c32 is missing: it stops at \"Failed to load ldlinux.c32\".",
                where, isolinux.version),
            "Put ldlinux.c32 of the same SYSLINUX version next to isolinux.bin.");
    if (!isolinux.has_config)
        add_error(findings, "isolinux-config-missing",
                  "ISOLINUX finds no isolinux.cfg or syslinux.cfg: it stops at an empty \"boot:\" prompt.",
                  "Put isolinux.cfg next to isolinux.bin.");
    if (!isolinux.foreign_modules.empty())
        add_error(findings, "isolinux-module-version",
                  fmt::format("{} is version {}, but {} {} of {}: it says \"not a COM32R image\".", where,
                              isolinux.version, some_of(isolinux.foreign_modules),
                              isolinux.foreign_modules.size() == 1 ? "is a module" : "are modules",
                              isolinux.needs_ldlinux ? "version 4 or older" : "version 5 or later"),
                  "Take isolinux.bin and all modules from the same SYSLINUX version.");
    if (!isolinux.missing_modules.empty())
        add_error(findings, "isolinux-module-missing",
                  fmt::format("ISOLINUX's configuration needs {}, which {} not on the ISO.",
                              some_of(isolinux.missing_modules),
                              isolinux.missing_modules.size() == 1 ? "it is" : "they are"),
                  "Copy the modules of the same SYSLINUX version to the directory of isolinux.bin.");
}

}  // namespace lktest
