// SPDX-License-Identifier: MIT
// Disks for boards: what Raspberry Pi's firmware and U-Boot need.
#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "builder/inspect/boot_paths.hpp"
#include "builder/inspect/findings.hpp"
#include "builder/inspect/path_lookup.hpp"

namespace lktest {
namespace {

constexpr std::size_t boot_script_limit = 1 << 20;

bool has_file(const MediumFacts& facts, std::string_view path) {
    return !facts.tree->find_any_case(path).empty();
}

bool has_file_like(const MediumFacts& facts, std::string_view prefix, std::string_view suffix) {
    return std::ranges::any_of(facts.tree->nodes, [&](const auto& node) {
        const std::string path = lower_case(node.first);
        return path.starts_with(prefix) && path.ends_with(suffix) && path.rfind('/') == 0;
    });
}

std::string text_of(const MediumFacts& facts, std::string_view path) {
    constexpr std::size_t text_limit = 64 << 10;
    const IsoNode* node = facts.tree->find(facts.tree->find_any_case(path));
    return node && !node->directory ? node->content.read(0, text_limit) : "";
}

/// A board, by the device trees of its models, and the firmware that it loads.
struct PiFirmware {
    std::string_view board, tree_prefix, start_prefix;
};
constexpr std::array pi_firmware{
    PiFirmware{"Raspberry Pi 4", "/bcm2711-", "/start4"},
    PiFirmware{"Raspberry Pi 1 to 3", "/bcm2710-", "/start"},
    PiFirmware{"Raspberry Pi 1 to 3", "/bcm2709-", "/start"},
    PiFirmware{"Raspberry Pi 1 to 3", "/bcm2708-", "/start"},
};

bool has_start_file(const MediumFacts& facts, std::string_view prefix) {
    return std::ranges::any_of(facts.tree->nodes, [prefix](const auto& node) {
        const std::string path = lower_case(node.first);
        const bool for_4 = path.starts_with("/start4");
        return path.starts_with(prefix) && path.ends_with(".elf") && for_4 == (prefix == "/start4");
    });
}

void judge_pi_firmware(const MediumFacts& facts, std::string_view config, IsoFindings& findings) {
    if (config.find("start_file") != config.npos || config.find("start_x") != config.npos)
        return;
    for (const PiFirmware& firmware : pi_firmware) {
        if (!has_file_like(facts, firmware.tree_prefix, ".dtb") ||
            has_start_file(facts, firmware.start_prefix))
            continue;
        // Device trees for all models may come with the kernel.
        const bool other = has_start_file(facts, "/start4") || has_start_file(facts, "/start");
        (other ? add_warning : add_error)(
            findings, "pi-firmware-missing",
            fmt::format(
                "The disk has device trees for {} ({}*.dtb), but not the firmware that it loads first, "
                "{}.elf: it stops before it reads config.txt.",
                firmware.board, firmware.tree_prefix, firmware.start_prefix),
            fmt::format("Copy {}.elf and its fixup file from Raspberry Pi's firmware.",
                        firmware.start_prefix));
        return;
    }
}

void judge_pi_kernel(const MediumFacts& facts, std::string_view config, IsoFindings& findings) {
    constexpr std::array<std::string_view, 5> names{"/kernel8.img", "/kernel_2712.img", "/kernel7l.img",
                                                    "/kernel7.img", "/kernel.img"};
    if (config.find("kernel=") != config.npos || config.find("os_prefix=") != config.npos ||
        config.find("include ") != config.npos || has_file(facts, "/boot.img") ||
        std::ranges::any_of(names, [&facts](auto name) { return has_file(facts, name); }))
        return;
    add_error(findings, "pi-kernel-missing",
              "The partition of Raspberry Pi's firmware has no kernel, and config.txt does not name one: the "
              "firmware looks for kernel8.img (64 bits), kernel7l.img, kernel7.img or kernel.img, and stops "
              "with 7 flashes.",
              "Copy the kernel there under one of these names, or write kernel=FILE into config.txt.");
}

/// With arm_64bit=1 the firmware loads only a 64-bit kernel.
void judge_pi_width(const MediumFacts& facts, std::string_view config, IsoFindings& findings) {
    const bool only_64 = config.starts_with("arm_64bit=1") || config.find("\narm_64bit=1") != config.npos;
    const bool other =
        has_file(facts, "/kernel7l.img") || has_file(facts, "/kernel7.img") || has_file(facts, "/kernel.img");
    if (only_64 && other && config.find("kernel=") == config.npos && config.find('[') == config.npos &&
        config.find("os_prefix=") == config.npos && !has_file(facts, "/kernel8.img") &&
        !has_file(facts, "/kernel_2712.img"))
        add_error(
            findings, "pi-kernel-missing",
            "config.txt says arm_64bit=1, for which the firmware loads kernel8.img, but the partition has "
            "only kernels of 32 bits: it stops with 7 flashes.",
            "Remove arm_64bit=1, or add the 64-bit kernel as kernel8.img.");
}

/// root=/dev/mmcblk0p3 is a partition of the card itself.
void judge_pi_root(const MediumFacts& facts, IsoFindings& findings) {
    const std::string text = text_of(facts, "/cmdline.txt");
    const std::string root = parameter(std::string_view(text).substr(0, text.find('\n')), "root");
    constexpr std::string_view card = "/dev/mmcblk0p";
    int number = 0;
    if (!root.starts_with(card) ||
        std::from_chars(root.data() + card.size(), root.data() + root.size(), number).ec != std::errc())
        return;
    constexpr int first_logical = 5;
    if (number >= first_logical || std::ranges::any_of(facts.disk, [number](const DiskPartition& one) {
            return one.partition.number == number;
        }))
        return;
    add_error(
        findings, "root-partition-missing",
        fmt::format("/cmdline.txt says 'root={}', but the card has no partition {}: the boot stops while "
                    "it waits for the root device.",
                    root, number),
        fmt::format("Write {}2 there, or the number of the root partition.", card));
}

void judge_pi_parameters(const MediumFacts& facts, IsoFindings& findings) {
    std::string_view text;
    const std::string whole = text_of(facts, "/cmdline.txt");
    text = whole;
    const std::string_view first = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(first.size() + 1, text.size()));
    const std::size_t more = text.find_first_not_of(" \t\r\n");
    if (words_of(first).empty() && more != text.npos) {
        add_error(
            findings, "pi-cmdline-lines",
            "/cmdline.txt begins with an empty line. Raspberry Pi's firmware passes only the first line "
            "to the kernel, so no parameter is passed.",
            "Write all parameters into its first line.");
    } else if (more != text.npos) {
        const std::string_view lost = text.substr(more, text.find('\n', more) - more);
        if (!lost.starts_with('#'))
            add_error(
                findings, "pi-cmdline-lines",
                fmt::format("/cmdline.txt has more than one line. Raspberry Pi's firmware passes only the "
                            "first one to the kernel, so '{}' is lost.",
                            lost.substr(0, 100)),
                "Write all parameters into its first line.");
    }
}

void judge_pi_partition(const MediumFacts& facts, IsoFindings& findings) {
    constexpr std::array<std::uint8_t, 8> read_types{0x01, 0x04, 0x06, 0x0b, 0x0c, 0x0e, 0xef, 0x0f};
    for (const DiskPartition& one : facts.disk) {
        if (one.content.kind != "FAT")
            continue;
        const std::uint8_t type = one.partition.mbr_type;
        if (type != 0 && std::ranges::find(read_types, type) == read_types.end())
            add_error(
                findings, "pi-partition-type",
                fmt::format("{} is the FAT with Raspberry Pi's firmware, but its type is {:#04x}: the boot "
                            "ROM looks only into FAT partitions.",
                            name_of(one.partition), type),
                fmt::format("sfdisk --part-type IMAGE {} c", one.partition.number));
        return;  // it reads the first one
    }
}

void judge_pi(const MediumFacts& facts, IsoFindings& findings) {
    const bool firmware = has_file(facts, "/bootcode.bin") || has_file_like(facts, "/start", ".elf") ||
                          has_file_like(facts, "/bcm27", ".dtb");
    if (!firmware || !has_file(facts, "/config.txt"))
        return;
    const std::string config = text_of(facts, "/config.txt");
    judge_pi_firmware(facts, config, findings);
    judge_pi_kernel(facts, config, findings);
    judge_pi_width(facts, config, findings);
    judge_pi_root(facts, findings);
    judge_pi_parameters(facts, findings);
    judge_pi_partition(facts, findings);
}

std::uint32_t be32(std::string_view bytes, std::size_t at) {
    return std::uint32_t{u8(bytes, at)} << 24 | std::uint32_t{u8(bytes, at + 1)} << 16 |
           std::uint32_t{u8(bytes, at + 2)} << 8 | u8(bytes, at + 3);
}

std::uint32_t crc_of(std::string_view bytes) {
    return static_cast<std::uint32_t>(
        ::crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
}

/// U-Boot's script is an image of its own format with checksums (include/image.h).
void judge_boot_script(const std::string& path, const ByteView& content, IsoFindings& findings) {
    constexpr std::size_t header_size = 64;
    constexpr std::uint32_t magic = 0x27051956, device_tree = 0xd00dfeed;
    const std::string bytes = content.read(0, boot_script_limit);
    const std::uint32_t found = be32(bytes, 0);
    constexpr const char* fix = "mkimage -T script -C none -A arm64 -d boot.cmd boot.scr";
    if (bytes.size() >= 4 && found == device_tree)
        return;  // a FIT image
    if (bytes.size() < header_size || found != magic) {
        add_error(
            findings, "boot-script-format",
            fmt::format("{} is plain text or something else, but U-Boot runs only what mkimage made: it "
                        "says \"Wrong image format for source command\".",
                        path),
            fmt::format("Make it from the text: {}", fix));
        return;
    }
    std::string header = bytes.substr(0, header_size);
    header.replace(4, 4, 4, '\0');
    const std::uint32_t size = be32(bytes, 12);
    const std::string_view data = std::string_view(bytes).substr(header_size);
    const bool whole = size <= data.size();
    if (crc_of(header) == be32(bytes, 4) && whole && crc_of(data.substr(0, size)) == be32(bytes, 24))
        return;
    add_error(
        findings, "boot-script-checksum",
        fmt::format("The checksum in {} does not match its content: U-Boot says \"Bad Data CRC\" and does "
                    "not run it. It was edited or cut off after mkimage had made it.",
                    path),
        fmt::format("Edit the text that it was made from, and make it again: {}", fix));
}

void judge_boot_scripts(const MediumFacts& facts, IsoFindings& findings) {
    for (const char* path : {"/boot.scr", "/boot.scr.uimg", "/boot/boot.scr", "/boot/boot.scr.uimg"}) {
        const IsoNode* node = facts.tree->find(facts.tree->find_any_case(path));
        if (node && !node->directory && node->size <= boot_script_limit)
            judge_boot_script(path, node->content, findings);
    }
}

/// U-Boot looks for extlinux.conf in two directories only.
void judge_extlinux_place(const MediumFacts& facts, IsoFindings& findings) {
    const bool syslinux = std::ranges::any_of(facts.esps, [](const EspFacts& esp) { return esp.syslinux; });
    if (syslinux || has_file(facts, "/extlinux/extlinux.conf") ||
        has_file(facts, "/boot/extlinux/extlinux.conf"))
        return;
    for (const auto& [path, node] : facts.tree->nodes)
        if (lower_case(file_name_of(path)) == "extlinux.conf") {
            add_error(findings, "extlinux-place",
                      fmt::format("{} is not where U-Boot looks for it: it reads /extlinux/extlinux.conf or "
                                  "/boot/extlinux/extlinux.conf of the boot partition.",
                                  path),
                      "Move it to /extlinux/extlinux.conf.");
            return;
        }
}

/// U-Boot starts an arm64 kernel's plain or gzip'ed Image, but does not unpack an EFI zboot image.
void judge_zboot(const MediumFacts& facts, IsoFindings& findings) {
    for (const BootPath& path : boot_paths(facts)) {
        const bool by_uboot =
            lower_case(path.place).find("extlinux.conf") != std::string::npos || facts.configs.empty();
        if (by_uboot && path.kernel && path.kernel->image->format.starts_with("EFI zboot"))
            add_error(
                findings, "kernel-zboot",
                fmt::format("{} loads {}, a compressed EFI program (zboot). U-Boot's extlinux starts only "
                            "the kernel's Image: \"Bad Linux ARM64 Image magic!\".",
                            describe(path), path.kernel->path),
                "Use arch/arm64/boot/Image or Image.gz instead of vmlinuz.efi.");
    }
}

}  // namespace

void judge_boards(const MediumFacts& facts, IsoFindings& findings) {
    if (facts.kind != MediumKind::disk || !facts.tree)
        return;
    judge_pi(facts, findings);
    judge_boot_scripts(facts, findings);
    judge_extlinux_place(facts, findings);
    judge_zboot(facts, findings);
}

}  // namespace lktest
