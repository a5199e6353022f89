// SPDX-License-Identifier: MIT
#include <algorithm>

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
        finish_entry();
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
            return;
        }
        words.erase(words.begin());
        // Options of the command itself: "--name vmlinuz", "--timeout=5", "-n x".
        while (!words.empty() && words.front().starts_with('-')) {
            const bool has_value = words.front().find('=') == std::string_view::npos && words.size() > 1;
            words.erase(words.begin(), words.begin() + (has_value ? 2 : 1));
        }
        // "kernel x || goto failed": the rest is another command.
        words.erase(
            std::ranges::find_if(words, [](std::string_view word) { return word == "||" || word == "&&"; }),
            words.end());
        if (words.empty())
            return;
        if (command == "kernel" || command == "linux") {
            finish_entry();
            entry_.title = title_;
            entry_.kernel = file_of(words.front(), number_);
            take_arguments(words);
        } else if (command == "initrd" && entry_.initrds.size() < initrd_limit) {
            entry_.initrds.push_back(file_of(words.front(), number_));
        } else if (command == "imgargs") {
            take_arguments(words);
        }
    }

    void take_arguments(const std::vector<std::string_view>& words) {
        entry_.command_line.clear();
        for (std::size_t i = 1; i < words.size(); ++i) {
            entry_.certain = entry_.certain && words[i].find("${") == std::string_view::npos;
            if (!words[i].starts_with("initrd="))  // names what the kernel's stub loads
                append_words(entry_, words[i]);
        }
    }

    void finish_entry() {
        if (!entry_.kernel.path.empty() && config_.entries.size() < entry_limit) {
            for (const LabelUse& use : labels_of(entry_.command_line, entry_.kernel.line))
                config_.labels.push_back(use);
            config_.entries.push_back(std::move(entry_));
        }
        entry_ = {};
    }

    BootConfig config_;
    BootEntry entry_;
    std::string title_;
    std::size_t number_ = 0;
};

}  // namespace

BootConfig parse_ipxe(std::string_view text) {
    return IpxeParser().parse(text.starts_with("#!ipxe") ? text : "");
}

}  // namespace lktest
