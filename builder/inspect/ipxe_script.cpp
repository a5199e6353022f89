// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <span>

#include "builder/inspect/boot_config.hpp"
#include "builder/inspect/limits.hpp"

namespace lktest {
namespace {

constexpr std::size_t script_limit = 1 << 20, line_limit = 4000, entry_limit = 256;

/// Relative paths and those without a variable can be looked up next to the script.
NamedFile file_of(std::string_view word, std::size_t line) {
    const bool elsewhere = word.find("://") != word.npos || word.find("${") != word.npos;
    return {std::string(word), line, !elsewhere};
}

/// The name under which iPXE keeps an image: the last part of its address.
std::string image_name(std::string_view uri) {
    uri = uri.substr(0, uri.find_first_of("?#"));
    return std::string(uri.substr(uri.rfind('/') == uri.npos ? 0 : uri.rfind('/') + 1));
}

bool is_known(std::string_view text) {
    return text.find("${") == text.npos;
}

/// memdisk, wimboot and others take initrds without that parameter.
bool is_linux(std::string_view file) {
    return std::ranges::any_of(std::array<std::string_view, 4>{"vmlinu", "linux", "bzImage", "Image"},
                               [file](std::string_view part) { return file.find(part) != file.npos; });
}

class IpxeParser {
public:
    BootConfig parse(std::string_view text) {
        config_.loader = BootLoader::ipxe;
        text = text.substr(0, script_limit);
        while (!text.empty() && number_ < line_limit) {
            const std::string_view line = text.substr(0, text.find('\n'));
            text.remove_prefix(std::min(line.size() + 1, text.size()));
            ++number_;
            read_line(line);
        }
        const bool whole = text.empty();
        if (whole && entry_.kernel.certain && !entry_.kernel.path.empty() && !leaves_)
            add_fault(
                "ipxe-no-boot", entry_.kernel.line,
                fmt::format("the script loads {} and ends without the command boot: iPXE returns to the "
                            "firmware.",
                            entry_.kernel.path),
                "Write boot after the last initrd.", true);
        finish_entry();
        if (whole)
            judge_labels();
        return std::move(config_);
    }

private:
    void read_line(std::string_view line) {
        std::vector<std::string_view> words = words_of(line);
        if (words.empty())
            return;
        const std::string_view command = words.front();
        if (command.starts_with(':')) {  // a label: what follows may be reached from elsewhere
            finish_entry();
            title_ = command.substr(1);
            labels_.emplace(title_);
            return;
        }
        for (std::size_t i = 0; i < words.size(); ++i)
            note_command(std::span(words).subspan(i), i == 0 || words[i - 1] == "||" || words[i - 1] == "&&");
        words.erase(words.begin());
        // Options of the command itself: "--name vmlinuz", "--timeout=5", "-n x".
        std::string name;
        while (!words.empty() && words.front().starts_with('-')) {
            const bool has_value = words.front().find('=') == std::string_view::npos && words.size() > 1;
            if (words.front() == "--name" || words.front() == "-n")
                name = words.size() > 1 ? words[1] : "";
            else if (words.front().starts_with("--name="))
                name = words.front().substr(7);
            words.erase(words.begin(), words.begin() + (has_value ? 2 : 1));
        }
        // "kernel x || goto failed": the rest is another command.
        words.erase(
            std::ranges::find_if(words, [](std::string_view word) { return word == "||" || word == "&&"; }),
            words.end());
        if (words.empty())
            return;
        if (command == "kernel" || command == "linux") {
            if (!entry_.kernel.path.empty())
                finish_entry();  // initrds may come before their kernel
            entry_.title = title_;
            entry_.kernel = file_of(words.front(), number_);
            kernel_name_ = name.empty() ? image_name(words.front()) : name;
            take_arguments(words);
        } else if (command == "initrd" && entry_.initrds.size() < initrd_limit) {
            entry_.initrds.push_back(file_of(words.front(), number_));
            loaded_.push_back(name.empty() ? image_name(words.front()) : name);
        } else if (command == "imgargs") {
            if (!kernel_name_.empty() && is_known(kernel_name_) && is_known(words.front()) &&
                words.front() != kernel_name_ && !entry_.kernel.path.empty())
                add_fault(
                    "ipxe-imgargs", number_,
                    fmt::format("imgargs names the image '{}', but the kernel of line {} is called '{}': "
                                "its parameters are not set.",
                                words.front(), entry_.kernel.line, kernel_name_),
                    fmt::format("Write imgargs {} …, or load the kernel with --name {}.", kernel_name_,
                                words.front()));
            take_arguments(words);
        }
    }

    void note_command(std::span<const std::string_view> words, bool first) {
        if (!first)
            return;
        const std::string_view command = words.front();
        leaves_ |= command == "boot" || command == "imgexec" || command == "chain" || command == "goto" ||
                   command == "exit" || command == "shell" || command == "reboot" || command == "iseq" ||
                   command == "autoboot" || command == "sanboot";
        if (command == "goto" && words.size() > 1 && gotos_.size() < entry_limit) {
            if (is_known(words[1]))
                gotos_.push_back({std::string(words[1]), number_, true});
            else
                goes_to_choice_ = true;
        }
        if (command == "item" && items_.size() < entry_limit)
            note_item(words.subspan(1));
    }

    /// `item [--key X] [--default] LABEL TEXT`; with --gap it cannot be chosen.
    void note_item(std::span<const std::string_view> words) {
        while (!words.empty() && words.front().starts_with('-')) {
            const std::string_view option = words.front();
            if (option == "--gap" || option == "-g")
                return;
            const bool has_value =
                option == "--key" || option == "-k" || option == "--menu" || option == "-m";
            words = words.subspan(std::min<std::size_t>(has_value ? 2 : 1, words.size()));
        }
        if (!words.empty() && is_known(words.front()))
            items_.push_back({std::string(words.front()), number_, true});
    }

    void judge_labels() {
        if (goes_to_choice_)
            gotos_.insert(gotos_.end(), items_.begin(), items_.end());
        for (const NamedFile& target : gotos_)
            if (!labels_.contains(target.path))
                add_fault(
                    "ipxe-label-missing", target.line,
                    fmt::format("it leads to the label ':{}', which the script does not have: iPXE stops "
                                "there.",
                                target.path),
                    fmt::format("Add a line ':{}' before its commands, or correct the name.", target.path));
    }

    void add_fault(std::string id, std::size_t line, std::string text, std::string fix,
                   bool warning = false) {
        if (config_.faults.size() < entry_limit)
            config_.faults.push_back({std::move(id), line, std::move(text), std::move(fix), warning});
    }

    void take_arguments(const std::vector<std::string_view>& words) {
        entry_.command_line.clear();
        named_.clear();
        for (std::size_t i = 1; i < words.size(); ++i) {
            entry_.certain = entry_.certain && is_known(words[i]);
            if (words[i].starts_with("initrd="))  // names what the kernel's stub loads
                named_.emplace_back(words[i].substr(7));
            else
                append_words(entry_, words[i]);
        }
    }

    /// Started by UEFI, the kernel's own loader asks iPXE for the files that initrd= names.
    void judge_initrds() {
        std::string missing;
        for (const std::string& name : named_)
            if (is_known(name) && name != "initrd.magic" && std::ranges::find(loaded_, name) == loaded_.end())
                missing = name;
        if (loaded_.empty() || !std::ranges::all_of(loaded_, is_known))
            return;
        if (!missing.empty())
            add_fault(
                "ipxe-initrd-name", entry_.kernel.line,
                fmt::format("the kernel gets initrd={}, but the initramfs is loaded as '{}'. Started by "
                            "UEFI, the kernel finds no file of that name and stops.",
                            missing, loaded_.front()),
                fmt::format("Write initrd={} there.", loaded_.front()));
        else if (named_.empty() && entry_.certain && is_linux(kernel_name_))
            add_fault("ipxe-no-initrd-argument", entry_.kernel.line,
                      "the kernel's parameters do not name the initramfs. Started by UEFI, older kernels and "
                      "older versions of iPXE then ignore it: the kernel panics with \"Unable to mount root "
                      "fs\".",
                      fmt::format("Add initrd={} to the kernel's parameters.", loaded_.front()), true);
    }

    void finish_entry() {
        if (!entry_.kernel.path.empty() && config_.entries.size() < entry_limit) {
            judge_initrds();
            for (const LabelUse& use : labels_of(entry_.command_line, entry_.kernel.line))
                config_.labels.push_back(use);
            config_.entries.push_back(std::move(entry_));
        }
        entry_ = {};
        loaded_.clear();
        named_.clear();
        kernel_name_.clear();
        leaves_ = false;
    }

    BootConfig config_;
    BootEntry entry_;
    std::string title_, kernel_name_;
    std::vector<std::string> loaded_, named_;  ///< the names of initrds: as iPXE keeps them, and in initrd=
    std::set<std::string, std::less<>> labels_;
    std::vector<NamedFile> gotos_, items_;
    bool leaves_ = false;          ///< a command after the kernel leaves the script, or may
    bool goes_to_choice_ = false;  ///< goto ${variable}
    std::size_t number_ = 0;
};

}  // namespace

BootConfig parse_ipxe(std::string_view text) {
    if (text.starts_with("#!ipxe") || text.starts_with("#!gpxe"))
        return IpxeParser().parse(text);
    BootConfig config;
    config.loader = BootLoader::ipxe;
    if (text.find_first_not_of(" \t\r\n") != std::string_view::npos)
        config.faults.push_back({"ipxe-no-mark", 1,
                                 "the script does not begin with #!ipxe: iPXE refuses it with \"Exec format "
                                 "error\".",
                                 "Write #!ipxe as its first line."});
    return config;
}

}  // namespace lktest
