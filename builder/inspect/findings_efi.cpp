// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>

#include "builder/inspect/findings.hpp"
#include "builder/inspect/path_lookup.hpp"

namespace lktest {
namespace {

bool is_removable_loader(const EfiProgram& program) {
    return lower_case(directory_of(program.path)) == "/efi/boot" &&
           lower_case(file_name_of(program.path)).starts_with("boot");
}

std::string place_of(const EfiProgram& program) {
    return program.path + (program.in_esp ? " in the ESP" : "");
}

void judge_esps(const MediumFacts& facts, IsoFindings& findings) {
    for (const EspFacts& esp : facts.esps) {
        if (esp.outside) {
            add_error(
                findings, "esp-outside",
                fmt::format("The EFI system partition ({}) lies at byte {} and has {}; the ISO ends at {}.",
                            esp.from, esp.offset, esp.size, facts.size),
                "Write the image again, with the ESP's image as a part of it.");
        } else if (esp.fat_bits == 0) {
            add_error(
                findings, "esp-unreadable",
                fmt::format("The EFI system partition ({}, byte {}) is no FAT file system: firmware finds "
                            "nothing in it.",
                            esp.from, esp.offset),
                "Make it with mkfs.vfat, without a partition table of its own.");
        } else if (esp.damaged) {
            add_error(findings, "esp-damaged",
                      fmt::format("The FAT of the EFI system partition ({}) leads out of the file system.",
                                  esp.from),
                      "Make the image again, and check it with fsck.vfat -n.");
        }
        if (!esp.differing.empty())
            add_warning(
                findings, "esp-differs",
                fmt::format("{} differ{} between the ESP and the ISO's own tree: CD and USB stick start "
                            "another program than a copy of the files does.",
                            some_of(esp.differing), esp.differing.size() == 1 ? "s" : ""),
                "Copy the same files to both places.");
    }
    const bool readable =
        std::ranges::any_of(facts.esps, [](const EspFacts& esp) { return esp.fat_bits != 0; });
    const bool has_loader = std::ranges::any_of(
        facts.efi, [](const EfiProgram& program) { return program.in_esp && is_removable_loader(program); });
    if (readable && !has_loader)
        add_error(
            findings, "efi-loader-missing",
            "The EFI system partition has no /EFI/BOOT/BOOT*.EFI: firmware finds nothing to start.",
            "Put the loader there under its removable-media name: BOOTX64.EFI on x86_64, BOOTAA64.EFI on "
            "aarch64.");
}

/// The same program in the ESP and in the tree is spoken of once.
bool is_repeated(const MediumFacts& facts, const EfiProgram& program) {
    return !program.in_esp && std::ranges::any_of(facts.esps, [&](const EspFacts& esp) {
        return std::ranges::any_of(
            esp.same, [&](const std::string& path) { return lower_case(path) == lower_case(program.path); });
    });
}

void judge_program(const EfiProgram& program, IsoFindings& findings) {
    const std::string_view expected = efi_name_machine(file_name_of(program.path));
    if (!program.image) {
        if (!expected.empty())
            add_error(findings, "efi-not-a-program",
                      fmt::format("{} is no PE image: firmware refuses it.", place_of(program)),
                      "Replace it with the loader's EFI binary.");
        return;
    }
    const std::string machine = pe_machine_name(program.image->machine);
    if (!expected.empty() && machine != expected)
        add_error(
            findings, "efi-machine",
            fmt::format("{} is a program for {}, and its name is that of {}'s loader: firmware refuses it.",
                        place_of(program), machine, expected),
            fmt::format("Replace it with the loader for {}.", expected));
    if (program.image->cut)
        add_error(findings, "efi-cut", fmt::format("{} is shorter than its headers say.", place_of(program)),
                  "Copy it again.");
    if (is_removable_loader(program) && expected == machine && !program.image->signature)
        add_warning(findings, "efi-unsigned",
                    fmt::format("{} is not signed: machines with Secure Boot refuse it.", place_of(program)),
                    "Start with a signed shim and a signed GRUB, or sign it with sbsign.");
}

/// shim starts the GRUB of its own machine in its own directory.
void judge_shim(const MediumFacts& facts, const EfiProgram& shim, IsoFindings& findings) {
    const bool is_shim =
        shim.image && std::ranges::any_of(shim.image->sbat, [](const std::string& component) {
            return component.starts_with("shim,");
        });
    const std::string name = lower_case(file_name_of(shim.path));
    if (!is_shim || !is_removable_loader(shim))
        return;
    const std::string grub = "grub" + name.substr(std::string_view("boot").size());
    const std::string path = std::string(directory_of(shim.path)) + "/" + grub;
    const bool found = std::ranges::any_of(facts.efi, [&](const EfiProgram& other) {
        return other.in_esp == shim.in_esp && lower_case(other.path) == lower_case(path);
    });
    if (!found)
        add_error(findings, "shim-without-grub",
                  fmt::format("{} is shim, and {}, which it starts, is not beside it.", place_of(shim), grub),
                  "Put the signed GRUB there under that name.");
}

}  // namespace

void judge_efi(const MediumFacts& facts, IsoFindings& findings) {
    judge_esps(facts, findings);
    for (const EfiProgram& program : facts.efi) {
        if (is_repeated(facts, program))
            continue;
        judge_program(program, findings);
        judge_shim(facts, program, findings);
    }
}

}  // namespace lktest
