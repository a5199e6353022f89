// SPDX-License-Identifier: MIT
#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "builder/inspect/boot_config.hpp"
#include "builder/inspect/limits.hpp"

namespace lktest {
namespace {

constexpr std::size_t text_limit = 1 << 20, grub_entry_limit = 256, command_limit = 4000, word_limit = 8192;
// Bytes that variables may expand to: else a few lines would grow to any size.
constexpr std::size_t expansion_limit = 1 << 20;

struct Word {
    std::string text;
    bool certain = true;  ///< no variable was left out of it
};
using Command = std::vector<Word>;

/// GRUB's scripts, read without running them: every branch of an `if` counts, and a
/// variable is known when it is only ever set to one value.
class Parser {
public:
    BootConfig parse(std::string_view text) {
        text = text.substr(0, text_limit);
        expanded_ = 0;
        each_command(text, [this](const Command& command) { note_variable(command); });
        expanded_ = 0;
        each_command(text, [this](const Command& command) { take(command); });
        finish_entry();
        return std::move(config_);
    }

private:
    template <typename Take>
    void each_command(std::string_view text, const Take& take) {
        Command command;
        std::size_t commands = 0;
        number_ = line_ = 1;
        text_ = text;
        while (!text_.empty() && commands < command_limit) {
            const char c = text_.front();
            if (c == '\n' || c == ';' || c == '{' || c == '}' || c == '&' || c == '|') {
                end_command(command, commands, take);
                line_ += c == '\n' ? 1 : 0;
                text_.remove_prefix(1);
                number_ = line_;
            } else if (c == ' ' || c == '\t' || c == '\r') {
                text_.remove_prefix(1);
            } else if (c == '#') {
                text_.remove_prefix(std::min(text_.find('\n'), text_.size()));
            } else if (text_.starts_with("\\\n")) {
                text_.remove_prefix(2);
                ++line_;
            } else {
                command.push_back(read_word());
            }
        }
        end_command(command, commands, take);
    }

    template <typename Take>
    void end_command(Command& command, std::size_t& commands, const Take& take) {
        if (command.empty())
            return;
        ++commands;
        // "if linux …", "then search …": the command proper is behind the keyword.
        static const std::set<std::string, std::less<>> keywords{"if", "then",  "else",  "elif",
                                                                 "do", "while", "until", "!"};
        std::size_t first = 0;
        while (first + 1 < command.size() && keywords.contains(command[first].text))
            ++first;
        command.erase(command.begin(), command.begin() + static_cast<std::ptrdiff_t>(first));
        take(command);
        command.clear();
    }

    Word read_word() {
        Word word;
        char quote = 0;
        while (!text_.empty() && word.text.size() < word_limit) {
            const char c = text_.front();
            const bool ends_word = std::string_view(" \t\r\n;{}&|").find(c) != std::string_view::npos;
            if (!quote && ends_word)
                break;
            text_.remove_prefix(1);
            line_ += c == '\n' ? 1 : 0;
            if (quote ? c == quote : c == '\'' || c == '"')
                quote = quote ? '\0' : c;
            else if (c == '$' && quote != '\'')
                expand(word);
            else if (c == '\\' && quote != '\'' && !text_.empty()) {
                // Within "" a backslash stands for itself but before these.
                if (quote && std::string_view("$\"\\\n").find(text_.front()) == std::string_view::npos)
                    word.text += c;
                line_ += text_.front() == '\n' ? 1 : 0;
                if (text_.front() != '\n')
                    word.text += text_.front();
                text_.remove_prefix(1);
            } else {
                word.text += c;
            }
        }
        return word;
    }

    void expand(Word& word) {
        const bool braces = text_.starts_with('{');
        if (braces)
            text_.remove_prefix(1);
        std::size_t size = 0;
        while (size < text_.size() &&
               (text_[size] == '_' || (text_[size] >= '0' && text_[size] <= '9') ||
                (text_[size] >= 'a' && text_[size] <= 'z') || (text_[size] >= 'A' && text_[size] <= 'Z') ||
                (braces && text_[size] != '}' && text_[size] != '\n')))
            ++size;
        const std::string_view name = text_.substr(0, size);
        text_.remove_prefix(size);
        if (braces && text_.starts_with('}'))
            text_.remove_prefix(1);
        const auto known = variables_.find(name);
        if (known != variables_.end() && known->second) {
            const std::string& value = *known->second;
            expanded_ += value.size();
            if (expanded_ > expansion_limit || word.text.size() + value.size() > word_limit)
                word.certain = false;
            else
                word.text += value;
        } else if (name != "root" && name != "prefix")  // a device, "(cd0)", where a path begins
            word.certain = false;
        else if (name == "prefix")
            word.text += "/boot/grub";
    }

    void note_variable(const Command& command) {
        if (command.size() != 2 || command[0].text != "set")
            return;
        const std::size_t equals = command[1].text.find('=');
        if (equals == std::string::npos)
            return;
        const std::string name = command[1].text.substr(0, equals);
        const std::string value = command[1].text.substr(equals + 1);
        if (name == "root" || name == "prefix")
            return;
        const auto [known, is_new] = variables_.try_emplace(name, value);
        if (!command[1].certain || (!is_new && known->second != value))
            known->second = std::nullopt;
    }

    void take(const Command& command) {
        const std::string& verb = command[0].text;
        if (verb == "menuentry" || verb == "submenu") {
            finish_entry();
            elsewhere_ = false;
            title_ = command.size() > 1 ? command[1].text : "";
        } else if (verb == "linux" || verb == "linux16" || verb == "linuxefi") {
            take_kernel(command);
        } else if (verb == "initrd" || verb == "initrd16" || verb == "initrdefi") {
            for (std::size_t i = 1; i < command.size(); ++i)
                if (!command[i].text.starts_with("--") && entry_.initrds.size() < initrd_limit)
                    entry_.initrds.push_back(file(command[i]));
        } else if (verb == "search" || verb == "search.fs_label") {
            elsewhere_ = false;
            take_search(command);
        } else if (verb == "set" && command.size() == 2 && command[1].text.starts_with("root=")) {
            elsewhere_ = is_disk(std::string_view(command[1].text).substr(5));
        }
        if (verb == "linuxefi" || verb == "initrdefi")
            config_.efi_commands.push_back(number_);
    }

    /// "(cd0)/vmlinuz" and "($root)/vmlinuz" are "/vmlinuz".
    NamedFile file(const Word& word) const {
        std::string path = word.text;
        bool here = !elsewhere_;
        if (path.starts_with('(')) {
            const std::size_t device = std::min(path.find(')') + 1, path.size());
            here = !is_disk(std::string_view(path).substr(0, device));
            path.erase(0, device);
        }
        return {path, number_, word.certain && here && path.starts_with('/')};
    }

    /// "(hd0,msdos1)", "hd0,1": a disk of the machine, and not the medium.
    static bool is_disk(std::string_view device) {
        return device.starts_with("(hd") || device.starts_with("hd") || device.starts_with("(lvm");
    }

    void take_kernel(const Command& command) {
        finish_entry();
        if (command.size() < 2)
            return;
        entry_.title = title_;
        entry_.kernel = file(command[1]);
        for (std::size_t i = 2; i < command.size(); ++i) {
            append_words(entry_, command[i].text);
            entry_.certain &= command[i].certain;
            if (command[i].certain)
                add_labels(config_, command[i].text, number_);
        }
    }

    void take_search(const Command& command) {
        bool by_label = command[0].text == "search.fs_label";
        std::optional<Word> label;  // the last word that is no option: "-s root -l LIVE"
        for (std::size_t i = 1; i < command.size(); ++i) {
            const std::string& text = command[i].text;
            if (text == "-l" || text == "--label" || text == "--fs-label")
                by_label = true;
            else if (text == "--hint" || text == "-h")
                ++i;
            else if (!text.starts_with('-'))
                label = command[i];
        }
        if (by_label && label && label->certain && !label->text.empty() &&
            config_.labels.size() < label_limit)
            config_.labels.push_back({label->text, "search --label " + label->text, number_});
    }

    void finish_entry() {
        if (!entry_.kernel.path.empty() && config_.entries.size() < grub_entry_limit)
            config_.entries.push_back(std::move(entry_));
        entry_ = {};
    }

    BootConfig config_;
    std::map<std::string, std::optional<std::string>, std::less<>> variables_;
    std::string_view text_;
    std::string title_;
    BootEntry entry_;
    bool elsewhere_ = false;    ///< root is a disk of the machine
    std::size_t expanded_ = 0;  ///< bytes that variables have expanded to
    std::size_t number_ = 1;    ///< of the line that the command begins on
    std::size_t line_ = 1;
};

}  // namespace

BootConfig parse_grub(std::string_view text) {
    return Parser().parse(text);
}

}  // namespace lktest
