// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "builder/inspect/findings.hpp"
#include "builder/inspect/path_lookup.hpp"

namespace lktest {
namespace {

/// The names that firmware looks for (UEFI 2.10, 3.5.1.1).
constexpr std::array<std::string_view, 10> removable_names{
    "bootx64.efi",     "bootia32.efi",    "bootaa64.efi",        "bootarm.efi",         "bootia64.efi",
    "bootriscv32.efi", "bootriscv64.efi", "bootloongarch32.efi", "bootloongarch64.efi", "bootebc.efi"};

bool is_removable_loader(const EfiProgram& program) {
    return lower_case(directory_of(program.path)) == "/efi/boot" &&
           std::ranges::find(removable_names, lower_case(file_name_of(program.path))) !=
               removable_names.end();
}

std::string size_text(std::uint64_t bytes) {
    return bytes % (1 << 20) == 0 ? fmt::format("{} MiB", bytes >> 20) : fmt::format("{} KiB", bytes >> 10);
}

std::string place_of(const MediumFacts& facts, const EfiProgram& program) {
    if (!program.in_esp)
        return program.path;
    if (facts.esps.size() < 2 || program.volume > facts.esps.size())
        return program.path + " in the ESP";
    return fmt::format("{} in the ESP ({})", program.path, facts.esps[program.volume - 1].from);
}

/// Every declared size of an ESP must cover the file system in it.
void judge_esp_sizes(const EspFacts& esp, const IsoVolume& volume, IsoFindings& findings) {
    constexpr std::uint64_t sector = 512, count_limit = 0xffff;
    for (const auto& [from, said] : esp.said) {
        const bool catalogue = from == "El Torito";
        // Firmware takes 0 and 1 as "up to the end of the ISO 9660 volume" (edk2, ElTorito.c).
        const bool to_the_end = catalogue && said <= sector;
        const std::uint64_t end = esp.offset + esp.fat_size;
        if (to_the_end && volume.size > 0 && end > volume.size)
            add_error(
                findings, "esp-size",
                fmt::format("El Torito does not state a size for the ESP, so firmware takes it as ending "
                            "with the volume, at {}. The ESP begins at {} and has {}: firmware cannot "
                            "read it.",
                            size_text(volume.size), size_text(esp.offset), size_text(esp.fat_size)),
                "Make the ESP smaller than 32 MiB, so that El Torito can state its size, or put it "
                "into the volume as a file instead of appending it (xorriso: -e boot/efi.img).");
        if (said >= esp.fat_size || to_the_end)
            continue;
        if (catalogue && said == count_limit * sector) {
            add_notice(
                findings, "esp-too-large-for-el-torito",
                fmt::format("The ESP's FAT has {}, but El Torito can express 32 MiB at most: firmware may "
                            "not read the rest.",
                            size_text(esp.fat_size)),
                "Keep the ESP below 32 MiB, or write a sector count of 0, which means up to the end of the "
                "volume.");
            continue;
        }
        add_error(
            findings, "esp-size",
            fmt::format("{} says that the ESP has {}, but the FAT file system in it has {}: firmware cannot "
                        "read the rest.",
                        catalogue ? "El Torito's sector count" : "The entry of " + from, size_text(said),
                        size_text(esp.fat_size)),
            catalogue
                ? fmt::format("Write the sector count {} (units of 512 bytes), or 0.", esp.fat_size / sector)
                : fmt::format("Give the partition {} sectors of 512 bytes.", esp.fat_size / sector));
    }
}

bool has_loader(const MediumFacts& facts, std::size_t volume) {
    return std::ranges::any_of(facts.efi, [&](const EfiProgram& program) {
        return program.volume == volume && is_removable_loader(program);
    });
}

/// Whether the medium is for the loader that a board has in its own flash or ROM: U-Boot's and Raspberry
/// Pi's.
bool is_for_a_board(const MediumFacts& facts) {
    constexpr std::array<std::string_view, 8> names{"/extlinux/extlinux.conf",
                                                    "/boot/extlinux/extlinux.conf",
                                                    "/boot.scr",
                                                    "/boot/boot.scr",
                                                    "/boot.scr.uimg",
                                                    "/uenv.txt",
                                                    "/bootcode.bin",
                                                    "/start4.elf"};
    return facts.kind == MediumKind::disk && facts.tree &&
           std::ranges::any_of(facts.tree->nodes, [&names](const auto& node) {
               return std::ranges::find(names, lower_case(node.first)) != names.end() ||
                      lower_case(file_name_of(node.first)) == "extlinux.conf" ||
                      lower_case(node.first).starts_with("/bcm27");
           });
}

void judge_loader(const MediumFacts& facts, std::size_t index, IsoFindings& findings) {
    const EspFacts& esp = facts.esps[index];
    if (esp.fat_bits == 0 || esp.outside || has_loader(facts, index + 1) || is_for_a_board(facts) ||
        (!esp.typed && is_for_bios(facts)))
        return;
    // A second partition of this type may hold anything, if firmware finds a loader in the first.
    const bool on_cd =
        std::ranges::any_of(esp.said, [](const auto& said) { return said.first == "El Torito"; });
    for (std::size_t other = 0; !on_cd && other < facts.esps.size(); ++other)
        if (has_loader(facts, other + 1))
            return;
    std::vector<std::string> others;
    for (const EfiProgram& program : facts.efi)
        if (program.volume == index + 1 && program.image)
            others.push_back(program.path);
    add_error(
        findings, "efi-loader-missing",
        fmt::format(
            "The EFI system partition ({}) has no /EFI/BOOT/BOOT*.EFI, so firmware has nothing to start.{}",
            esp.from, others.empty() ? "" : fmt::format(" Firmware does not look for {}.", some_of(others))),
        "Add the loader under its removable-media name: BOOTX64.EFI for x86_64, BOOTAA64.EFI for aarch64.");
}

/// @param path  in small letters
bool has_program(const MediumFacts& facts, std::size_t volume, std::string_view path) {
    return std::ranges::any_of(facts.efi, [&](const EfiProgram& program) {
        return program.volume == volume && lower_case(program.path) == path;
    });
}

void judge_esps(const MediumFacts& facts, IsoFindings& findings) {
    for (std::size_t i = 0; i < facts.esps.size(); ++i) {
        const EspFacts& esp = facts.esps[i];
        if (esp.outside) {
            add_error(
                findings, "esp-outside",
                fmt::format(
                    "The EFI system partition ({}) begins at byte {} and has {}, but the ISO ends at {}.",
                    esp.from, esp.offset, esp.size, facts.size),
                "Write the image again, with the ESP inside it.");
        } else if (esp.program) {
            add_error(findings, "esp-is-program",
                      fmt::format("The UEFI boot image ({}, byte {}) is itself an EFI program: firmware "
                                  "expects a FAT file system there, so it finds nothing to start.",
                                  esp.from, esp.offset),
                      "Make a FAT image with mkfs.vfat and put the program into it as /EFI/BOOT/BOOTX64.EFI "
                      "(BOOTAA64.EFI on aarch64), then pass that image to xorriso with -e.");
        } else if (esp.fat_bits == 0) {
            add_error(findings, "esp-unreadable",
                      fmt::format("The EFI system partition ({}, byte {}) is not a FAT file system: firmware "
                                  "cannot read it.",
                                  esp.from, esp.offset),
                      "Make it with mkfs.vfat, and without a partition table inside it.");
        } else if (esp.damaged) {
            add_error(
                findings, "esp-damaged",
                fmt::format("The FAT of the EFI system partition ({}) points outside of the file system.",
                            esp.from),
                "Make the image again, and check it with fsck.vfat -n.");
        } else {
            judge_esp_sizes(esp, facts.volume, findings);
        }
        if (esp.small_fat32)
            add_error(findings, "esp-small-fat32",
                      fmt::format("The EFI system partition ({}) is formatted as FAT32 with {} clusters: "
                                  "below 65525 clusters firmware assumes FAT16, and refuses it.",
                                  esp.from, esp.clusters),
                      "Make it with mkfs.vfat without -F 32, or make it larger than 33 MiB.");
        judge_loader(facts, i, findings);
        std::vector<std::string> programs;
        std::ranges::copy_if(esp.differing, std::back_inserter(programs),
                             [](const std::string& path) { return lower_case(path).ends_with(".efi"); });
        if (!programs.empty())
            add_notice(findings, "esp-differs",
                       fmt::format("{} differ{} between the ESP and the ISO's file tree: a CD and a written "
                                   "stick start one copy, a stick with copied files the other.",
                                   some_of(programs), programs.size() == 1 ? "s" : ""),
                       "Copy the same files to both places, unless that is intended.");
    }
    const auto lacks_32 = [&](std::size_t volume) {
        return has_program(facts, volume, "/efi/boot/bootx64.efi") &&
               !has_program(facts, volume, "/efi/boot/bootia32.efi");
    };
    for (std::size_t volume = 1; volume <= facts.esps.size(); ++volume)
        if (lacks_32(volume)) {
            add_notice(
                findings, "no-ia32-loader",
                "The ESP has no BOOTIA32.EFI: the few 64-bit machines with 32-bit UEFI firmware do not boot "
                "it.",
                "If such machines matter, add GRUB for i386-efi as /EFI/BOOT/BOOTIA32.EFI.");
            break;
        }
}

/// The same program in the ESP and in the tree is reported once.
bool is_repeated(const MediumFacts& facts, const EfiProgram& program) {
    return !program.in_esp && std::ranges::any_of(facts.esps, [&](const EspFacts& esp) {
        return std::ranges::any_of(
            esp.same, [&](const std::string& path) { return lower_case(path) == lower_case(program.path); });
    });
}

void judge_program(const MediumFacts& facts, const EfiProgram& program, IsoFindings& findings) {
    const std::string_view expected = efi_name_machine(file_name_of(program.path));
    if (!program.image) {
        if (!expected.empty())
            add_error(findings, "efi-not-a-program",
                      fmt::format("{} is not a PE image: firmware refuses it.", place_of(facts, program)),
                      "Replace it with the loader's EFI binary.");
        return;
    }
    const std::string machine = pe_machine_name(program.image->machine);
    if (!expected.empty() && machine != expected)
        add_error(findings, "efi-machine",
                  fmt::format("{} is a program for {}, but has the name of {}'s loader: firmware refuses it.",
                              place_of(facts, program), machine, expected),
                  fmt::format("Replace it with the loader for {}.", expected));
    if (program.image->cut)
        add_error(findings, "efi-cut",
                  fmt::format("{} is shorter than its headers say.", place_of(facts, program)),
                  "Copy it again.");
    if (!is_removable_loader(program) || expected != machine || program.image->signature)
        return;
    // Only the few machines with 32-bit UEFI see the loader for i386 beside that for x86_64.
    const bool is_second = machine == "i386" && has_program(facts, program.volume, "/efi/boot/bootx64.efi");
    const std::string text =
        fmt::format("{} is not signed: machines with Secure Boot refuse it.", place_of(facts, program));
    constexpr const char* fix = "Start with a signed shim and a signed GRUB, or sign it with sbsign.";
    if (is_second)
        add_notice(findings, "ia32-unsigned", text, fix);
    else
        add_warning(findings, "efi-unsigned", text, fix);
}

/// SYSLINUX for UEFI is useless without its core module.
void judge_syslinux(const MediumFacts& facts, const EfiProgram& program, IsoFindings& findings) {
    if (program.module.empty() || !facts.tree)
        return;
    const auto is_module = [&program](std::string_view path) {
        return lower_case(file_name_of(path)) == program.module;
    };
    if (!std::ranges::any_of(facts.tree->nodes, [&](const auto& node) { return is_module(node.first); }))
        add_error(
            findings, "ldlinux-missing",
            fmt::format("{} is SYSLINUX for UEFI, but {} is missing: it stops at \"Failed to load {}\".",
                        place_of(facts, program), program.module, program.module),
            fmt::format("Put {} of the same SYSLINUX version (modules/efi64 or efi32) next to it.",
                        program.module));
}

/// shim starts the GRUB of its architecture in its directory.
void judge_shim(const MediumFacts& facts, const EfiProgram& shim, IsoFindings& findings) {
    const bool is_shim =
        shim.image && std::ranges::any_of(shim.image->sbat, [](const std::string& component) {
            return component.starts_with("shim,");
        });
    const std::string name = lower_case(file_name_of(shim.path));
    if (!is_shim || !is_removable_loader(shim))
        return;
    const std::string grub = shim.secure && !shim.secure->second.empty()
                                 ? shim.secure->second
                                 : "grub" + name.substr(std::string_view("boot").size());
    const std::string path = std::string(directory_of(shim.path)) + "/" + grub;
    const bool found = std::ranges::any_of(facts.efi, [&](const EfiProgram& other) {
        return other.volume == shim.volume && lower_case(other.path) == lower_case(path);
    });
    if (!found)
        add_error(findings, "shim-without-grub",
                  fmt::format("{} is shim, but {}, which it starts, is not next to it.",
                              place_of(facts, shim), grub),
                  "Put the signed GRUB there under that name.");
}

}  // namespace

void judge_efi(const MediumFacts& facts, IsoFindings& findings) {
    judge_esps(facts, findings);
    for (const EfiProgram& program : facts.efi) {
        if (is_repeated(facts, program))
            continue;
        judge_program(facts, program, findings);
        judge_shim(facts, program, findings);
        judge_syslinux(facts, program, findings);
    }
}

}  // namespace lktest
