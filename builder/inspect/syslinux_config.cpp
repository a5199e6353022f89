// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "builder/inspect/boot_config.hpp"
#include "builder/inspect/limits.hpp"
#include "builder/inspect/path_lookup.hpp"

namespace lktest {
namespace {

constexpr std::size_t syslinux_config_limit = 1 << 20, menu_entry_limit = 256, line_limit = 4000;

bool has_suffix(std::string_view path, std::initializer_list<std::string_view> suffixes) {
    return std::ranges::any_of(suffixes, [path](std::string_view suffix) { return path.ends_with(suffix); });
}

/// The files other than Linux kernels that KERNEL may name (SYSLINUX's doc/syslinux.txt, "KERNEL").
bool is_other_image(std::string_view path) {
    return has_suffix(path, {".0", ".bin", ".bs", ".bss", ".img"}) || file_name_of(path) == "memdisk" ||
           file_name_of(path) == "gpxe.krn" || file_name_of(path) == "ipxe.krn";
}

class SyslinuxParser {
public:
    BootConfig parse(std::string_view text) {
        config_.loader = BootLoader::syslinux;
        text = text.substr(0, syslinux_config_limit);
        while (!text.empty() && number_ < line_limit) {
            const std::string_view line = text.substr(0, text.find('\n'));
            text.remove_prefix(std::min(line.size() + 1, text.size()));
            ++number_;
            read_line(line);
        }
        finish_entry();
        return std::move(config_);
    }

private:
    void read_line(std::string_view line) {
        const auto words = words_of(line);
        if (words.size() < 2)
            return;
        const std::string keyword = lower_case(words[0]);
        const std::string_view first = words[1];
        const std::string_view value = line.substr(static_cast<std::size_t>(first.data() - line.data()));
        if (keyword == "label") {
            finish_entry();
            in_entry_ = true;
            entry_.title = first;
            entry_.command_line = defaults_.command_line;
            entry_.certain = defaults_.certain;
            if (config_.choices.size() < menu_entry_limit)
                config_.choices.emplace_back(first);
        } else if (keyword == "include" ||
                   (keyword == "menu" && words.size() > 2 && lower_case(first) == "include")) {
            add_file(config_.includes, std::string(keyword == "include" ? first : words[2]));
        } else if (keyword == "config") {
            add_file(config_.successors, std::string(first));
        } else if (keyword == "menu" && words.size() > 2 && lower_case(first) == "label" && in_entry_) {
            entry_.title = title(line.substr(static_cast<std::size_t>(words[2].data() - line.data())));
        } else if (keyword == "kernel" || keyword == "linux") {
            take_kernel(keyword, std::string(first));
        } else if (keyword == "com32" || keyword == "ui" || keyword == "default") {
            take_module(keyword, words);
        } else if (keyword == "ontimeout") {
            config_.on_timeout = {std::string(first), number_, true};
        } else if (keyword == "initrd") {
            add_initrds(first);
        } else if (keyword == "fdt" || keyword == "devicetree" || keyword == "fdtdir" ||
                   keyword == "devicetreedir") {
            if (in_entry_ && entry_.extras.size() < initrd_limit && first != "-")
                entry_.extras.push_back(
                    {{std::string(first), number_, true}, keyword, keyword.ends_with("dir")});
        } else if (keyword == "append") {
            take_append(value);
        }
    }

    void add_file(std::vector<NamedFile>& files, std::string path) const {
        if (files.size() < menu_entry_limit)
            files.push_back({std::move(path), number_, true});
    }

    static bool is_menu_module(std::string_view path) {
        const std::string file = lower_case(file_name_of(path));
        return file == "menu.c32" || file == "vesamenu.c32" || file == "gfxmenu.c32";
    }

    void take_module(const std::string& keyword, const std::vector<std::string_view>& words) {
        const bool module = lower_case(words[1]).ends_with(".c32");
        if (module)
            config_.modules.push_back({std::string(words[1]), number_, true});
        // gfxboot.c32 reads its menu from elsewhere, and others may too.
        config_.shows_menu |= keyword == "ui" || (keyword == "default" && module);
        if (keyword == "default")
            config_.chosen = module ? NamedFile() : NamedFile{std::string(words[1]), number_, true};
        in_menu_module_ = keyword == "com32" && is_menu_module(words[1]);
        if (keyword != "com32" && is_menu_module(words[1]))
            for (std::size_t i = 2; i < words.size(); ++i)
                if (!words[i].starts_with('-') && !words[i].starts_with('~'))
                    add_file(config_.successors, std::string(words[i]));
    }

    void take_kernel(const std::string& keyword, std::string path) {
        const std::string small = lower_case(path);
        in_menu_module_ = is_menu_module(small);
        if (small.ends_with(".c32"))
            config_.modules.push_back({std::move(path), number_, true});
        else if (keyword == "linux" || !is_other_image(small))
            entry_.kernel = {std::move(path), number_, true};
    }

    void take_append(std::string_view value) {
        if (in_entry_ && in_menu_module_) {  // its arguments are configurations
            for (const std::string_view word : words_of(value))
                if (!word.starts_with('-') && !word.starts_with('~'))
                    add_file(config_.successors, std::string(word));
            return;
        }
        BootEntry said;
        if (in_entry_ && appended_ != 0 && value != last_append_ && config_.faults.size() < menu_entry_limit)
            config_.faults.push_back(
                {"syslinux-append-twice", number_,
                 fmt::format("the entry '{}' has a second APPEND, which replaces that of line {}: its "
                             "parameters are lost.",
                             entry_.title, appended_),
                 "Write all parameters into one APPEND."});
        std::erase_if(entry_.initrds, [this](const NamedFile& file) { return file.line == appended_; });
        appended_ = in_entry_ ? number_ : 0;
        last_append_ = value;
        for (const std::string_view word : words_of(value)) {
            if (word.starts_with("initrd=")) {
                add_initrds(word.substr(7));
                continue;
            }
            append_words(said, word);
        }
        if (said.command_line == "-")
            said.command_line.clear();
        add_labels(config_, said.command_line, number_);
        BootEntry& target = in_entry_ ? entry_ : defaults_;
        target.command_line = std::move(said.command_line);
        target.certain = said.certain;
    }

    void add_initrds(std::string_view list) {
        if (!in_entry_)
            return;
        while (!list.empty() && entry_.initrds.size() < initrd_limit) {
            const std::string_view path = list.substr(0, list.find(','));
            list.remove_prefix(std::min(path.size() + 1, list.size()));
            entry_.initrds.push_back({std::string(path), number_, true});
        }
    }

    /// A menu's "^" marks the key of an entry.
    static std::string title(std::string_view text) {
        std::string plain(text.substr(0, text.find_last_not_of(" \t\r") + 1));
        std::erase(plain, '^');
        return plain;
    }

    void finish_entry() {
        if (in_entry_ && !entry_.kernel.path.empty() && config_.entries.size() < menu_entry_limit)
            config_.entries.push_back(std::move(entry_));
        entry_ = {};
        appended_ = 0;
        in_entry_ = in_menu_module_ = false;
    }

    BootConfig config_;
    BootEntry entry_;
    bool in_entry_ = false, in_menu_module_ = false;
    BootEntry defaults_;  ///< an APPEND before the first LABEL applies to every entry
    std::size_t number_ = 0;
    std::size_t appended_ = 0;  ///< the line of the entry's APPEND, or 0
    std::string_view last_append_;
};

}  // namespace

BootConfig parse_syslinux(std::string_view text) {
    return SyslinuxParser().parse(text);
}

}  // namespace lktest
