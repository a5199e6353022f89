// SPDX-License-Identifier: MIT
// Configurations of rEFInd, Limine and Raspberry Pi's firmware.
#include <algorithm>

#include "builder/inspect/boot_config.hpp"
#include "builder/inspect/limits.hpp"
#include "builder/inspect/path_lookup.hpp"

namespace lktest {
namespace {

constexpr std::size_t other_config_limit = 1 << 20, other_line_limit = 4000, other_entry_limit = 256;

std::string_view without_blanks(std::string_view text) {
    constexpr std::string_view blank = " \t\r\n";
    text.remove_prefix(std::min(text.find_first_not_of(blank), text.size()));
    return text.substr(0, text.find_last_not_of(blank) + 1);
}

std::string unquoted(std::string_view text) {
    text = without_blanks(text);
    if (text.size() >= 2 && (text.front() == '"' || text.front() == '\'') && text.back() == text.front())
        text = text.substr(1, text.size() - 2);
    return std::string(text);
}

/// Calls `line` with each line and its number.
template <class Line>
void each_line(std::string_view text, const Line& line) {
    text = text.substr(0, other_config_limit);
    for (std::size_t number = 1; !text.empty() && number <= other_line_limit; ++number) {
        const std::string_view one = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(one.size() + 1, text.size()));
        line(without_blanks(one), number);
    }
}

void finish_stanza(BootConfig& config, BootEntry& entry) {
    if (!entry.kernel.path.empty() && config.entries.size() < other_entry_limit) {
        add_labels(config, entry.command_line, entry.kernel.line);
        config.entries.push_back(std::move(entry));
    }
    entry = {};
}

std::string with_slashes(std::string path) {
    std::ranges::replace(path, '\\', '/');
    return path;
}

}  // namespace

BootConfig parse_refind(std::string_view text) {
    BootConfig config;
    config.loader = BootLoader::refind;
    BootEntry entry;
    int depth = 0;
    bool skipped = false;
    each_line(text, [&](std::string_view line, std::size_t number) {
        const auto words = words_of(line);
        if (words.empty() || words[0].starts_with('#'))
            return;
        const std::string keyword = lower_case(words[0]);
        const std::string value =
            words.size() < 2 ? ""
                             : unquoted(line.substr(static_cast<std::size_t>(words[1].data() - line.data())));
        if (keyword == "menuentry" || keyword == "submenuentry") {
            if (depth++ == 0) {
                entry.title = unquoted(std::string_view(value).substr(0, value.find('{')));
                skipped = false;
            }
        } else if (keyword == "}") {
            if (depth > 0 && --depth == 0) {
                // A stanza for Windows or a tool has a loader and nothing else.
                const bool for_linux = !entry.initrds.empty() || !entry.command_line.empty();
                if (skipped || !for_linux)
                    entry = {};
                finish_stanza(config, entry);
            }
        } else if (depth != 1) {
            return;
        } else if (keyword == "loader") {
            entry.kernel = {with_slashes(value), number, true};
        } else if (keyword == "initrd" && entry.initrds.size() < initrd_limit) {
            entry.initrds.push_back({with_slashes(value), number, true});
        } else if (keyword == "options") {
            add_options(entry, value, number);
        } else if (keyword == "disabled" || keyword == "volume" || keyword == "ostype") {
            skipped |= keyword != "ostype" || lower_case(value) != "linux";
        }
    });
    return config;
}

BootConfig parse_limine(std::string_view text) {
    BootConfig config;
    config.loader = BootLoader::limine;
    BootEntry entry;
    bool for_linux = false;
    const auto finish = [&] {
        if (!for_linux)
            entry = {};
        finish_stanza(config, entry);
        for_linux = false;
    };
    // "boot():/vmlinuz" or "boot:///vmlinuz", with a hash after '#'.
    const auto named = [](std::string_view value, std::size_t number) {
        value = value.substr(0, value.find('#'));
        for (const std::string_view here : {"boot():", "boot://"})
            if (value.starts_with(here))
                return NamedFile{std::string(without_blanks(value.substr(here.size()))), number, true};
        return NamedFile{std::string(value), number, false};
    };
    each_line(text, [&](std::string_view line, std::size_t number) {
        if (line.starts_with('#') || line.empty())
            return;
        if (line.starts_with('/') || line.starts_with(':')) {  // a title: "/Live", in older versions ":Live"
            finish();
            entry.title = without_blanks(line.substr(std::min(line.find_first_not_of("/:+"), line.size())));
            return;
        }
        const std::size_t end = line.find_first_of(":=");
        if (end == std::string_view::npos)
            return;
        const std::string key = lower_case(without_blanks(line.substr(0, end)));
        const std::string_view value = without_blanks(line.substr(end + 1));
        if (key == "protocol")
            for_linux = lower_case(value) == "linux";
        else if (key == "kernel_path" || key == "path")
            entry.kernel = named(value, number);
        else if (key == "module_path" && entry.initrds.size() < initrd_limit)
            entry.initrds.push_back(named(value, number));
        else if (key == "cmdline" || key == "kernel_cmdline")
            append_words(entry, value);
    });
    finish();
    return config;
}

BootConfig parse_raspberry_pi(std::string_view text) {
    BootConfig config;
    config.loader = BootLoader::raspberry_pi;
    BootEntry entry;
    std::string prefix;
    bool every_board = true;  // "[pi4]" begins a part for some boards, "[all]" ends it
    each_line(text, [&](std::string_view line, std::size_t number) {
        if (line.starts_with('[')) {
            every_board = lower_case(line) == "[all]";
            return;
        }
        for (const std::string_view key : {"kernel=", "os_prefix=", "cmdline=", "include ", "initramfs "})
            entry.other_kernel |= !every_board && line.starts_with(key);
        entry.other_kernel |= line.starts_with("cmdline=") || line.starts_with("include ");
        const auto words = words_of(line);
        if (!every_board || words.empty() || line.starts_with('#'))
            return;
        if (line.starts_with("kernel="))
            entry.kernel = {prefix + std::string(without_blanks(line.substr(7))), number, true};
        else if (line.starts_with("os_prefix="))
            prefix = without_blanks(line.substr(10));
        else if (line.starts_with("initramfs=") && config.faults.empty())
            config.faults.push_back({"pi-initramfs-syntax", number,
                                     "initramfs takes no '=': the firmware ignores the line, and the kernel "
                                     "starts without the initramfs.",
                                     "Write initramfs FILE followkernel."});
        else if (words[0] == "initramfs" && words.size() > 1) {
            std::string_view list = words[1];  // "one,two"
            while (!list.empty() && entry.initrds.size() < initrd_limit) {
                const std::string_view path = list.substr(0, list.find(','));
                list.remove_prefix(std::min(path.size() + 1, list.size()));
                entry.initrds.push_back({prefix + std::string(path), number, true});
            }
        }
    });
    // The parameters are in cmdline.txt.
    entry.certain = false;
    const bool other_kernel = entry.other_kernel;
    if (entry.kernel.path.empty() && !entry.initrds.empty()) {
        for (const NamedFile& initrd : entry.initrds)
            entry.extras.push_back({initrd, "initramfs", false});
        entry.initrds.clear();
        config.entries.push_back(std::move(entry));
        return config;
    }
    finish_stanza(config, entry);
    if (config.entries.empty() && other_kernel)
        config.entries.emplace_back().other_kernel = true;
    return config;
}

}  // namespace lktest
