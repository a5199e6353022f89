// SPDX-License-Identifier: MIT
#include "builder/inspect/boot_config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "builder/inspect/limits.hpp"

namespace lktest {
namespace {

constexpr std::string_view blanks = " \t\r\n";

int hex_digit(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/// "\x20" as udev and dracut write a blank in a label.
std::string without_escapes(std::string_view text) {
    std::string plain;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const bool escape = text.substr(at, 2) == "\\x" && at + 3 < text.size() &&
                            hex_digit(text[at + 2]) >= 0 && hex_digit(text[at + 3]) >= 0;
        if (!escape) {
            plain += text[at];
            continue;
        }
        plain += static_cast<char>(hex_digit(text[at + 2]) * 16 + hex_digit(text[at + 3]));
        at += 3;
    }
    return plain;
}

/// The text after which a parameter's value has a label.
constexpr std::array label_marks{
    std::string_view("CDLABEL="),      std::string_view("LABEL="),
    std::string_view("archisolabel="), std::string_view("misolabel="),
    std::string_view("lktest.label="), std::string_view("/dev/disk/by-label/"),
};

}  // namespace

std::string_view name(BootLoader loader) {
    switch (loader) {
        case BootLoader::grub: return "GRUB";
        case BootLoader::syslinux: return "SYSLINUX";
        case BootLoader::systemd_boot: return "systemd-boot";
        case BootLoader::unified_kernel: return "unified kernel image";
        case BootLoader::ipxe: return "iPXE";
        case BootLoader::refind: return "rEFInd";
        case BootLoader::limine: return "Limine";
        case BootLoader::raspberry_pi: return "Raspberry Pi's firmware";
    }
    return "";
}

std::string escaped_label(std::string_view label) {
    // libblkid's blkid_encode_string(), which udev uses for /dev/disk/by-label.
    constexpr std::string_view safe = "#+-.:=@_";
    std::string escaped;
    for (const char c : label) {
        const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (static_cast<unsigned char>(c) & 0x80) != 0 ||
                           safe.find(c) != std::string_view::npos;
        escaped += plain ? std::string(1, c) : fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
    return escaped;
}

std::vector<std::string_view> words_of(std::string_view line) {
    std::vector<std::string_view> words;
    while (true) {
        line.remove_prefix(std::min(line.find_first_not_of(blanks), line.size()));
        if (line.empty())
            return words;
        words.push_back(line.substr(0, line.find_first_of(blanks)));
        line.remove_prefix(words.back().size());
    }
}

std::vector<std::string> consoles(std::string_view command_line) {
    constexpr std::string_view mark = "console=";
    std::vector<std::string> found;
    for (const std::string_view word : words_of(command_line))
        if (word.starts_with(mark))
            found.emplace_back(word.substr(mark.size()));
    return found;
}

std::string parameter(std::string_view command_line, std::string_view name) {
    std::string value;
    for (const std::string_view word : words_of(command_line))
        if (word.size() > name.size() && word.starts_with(name) && word[name.size()] == '=')
            value = word.substr(name.size() + 1);
    return value;
}

std::vector<LabelUse> labels_of(std::string_view command_line, std::size_t line) {
    // Partitions and disks of the machine may be named too; these parameters name the medium.
    constexpr std::array parameters{
        std::string_view("root="),         std::string_view("archisolabel="), std::string_view("misolabel="),
        std::string_view("lktest.label="), std::string_view("inst.stage2="),  std::string_view("inst.repo="),
        std::string_view("stage2="),       std::string_view("live-media="),
    };
    std::vector<LabelUse> found;
    for (std::string_view word : words_of(command_line)) {
        if (std::ranges::none_of(parameters, [word](std::string_view p) { return word.starts_with(p); }))
            continue;
        for (const std::string_view mark : label_marks) {
            const std::size_t at = word.find(mark);
            if (at == std::string_view::npos)
                continue;
            std::string_view label = word.substr(at + mark.size());
            label = label.substr(0, label.find_first_of(":,\"'"));
            if (!label.empty() && label.find('$') == std::string_view::npos)
                found.push_back({without_escapes(label), std::string(word), line});
            break;
        }
    }
    return found;
}

void add_options(BootEntry& entry, std::string_view options, std::size_t line) {
    for (const std::string_view word : words_of(options)) {
        std::string path(word.starts_with("initrd=") ? word.substr(7) : "");
        std::ranges::replace(path, '\\', '/');
        if (path.empty() || path.find('%') != path.npos)  // rEFInd replaces %v
            append_words(entry, word);
        else if (entry.initrds.size() < initrd_limit)
            entry.initrds.push_back({std::move(path), line, true});
    }
}

void append_words(BootEntry& entry, std::string_view words) {
    if (entry.command_line.size() + 1 + words.size() > command_line_limit) {
        entry.certain = false;
        return;
    }
    entry.command_line.append(entry.command_line.empty() ? "" : " ").append(words);
}

void add_labels(BootConfig& config, std::string_view command_line, std::size_t line) {
    for (LabelUse& use : labels_of(command_line, line))
        if (config.labels.size() < label_limit)
            config.labels.push_back(std::move(use));
}

BootConfig parse_loader_entry(std::string_view text) {
    BootConfig config;
    config.loader = BootLoader::systemd_boot;
    BootEntry entry;
    std::size_t number = 0;
    text = text.substr(0, 1 << 20);
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        ++number;
        const auto words = words_of(line);
        if (words.size() < 2)
            continue;
        const std::string value(line.substr(static_cast<std::size_t>(words[1].data() - line.data())));
        const std::string trimmed = value.substr(0, value.find_last_not_of(blanks) + 1);
        if (words[0] == "title")
            entry.title = trimmed;
        else if (words[0] == "linux" || words[0] == "efi" || words[0] == "uki")
            entry.kernel = {std::string(words[1]), number, true};
        else if (words[0] == "initrd" && entry.initrds.size() < initrd_limit)
            entry.initrds.push_back({std::string(words[1]), number, true});
        else if (words[0] == "options") {
            add_options(entry, trimmed, number);
            add_labels(config, trimmed, number);
        }
    }
    if (!entry.kernel.path.empty())
        config.entries.push_back(std::move(entry));
    return config;
}

}  // namespace lktest
