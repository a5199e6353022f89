// SPDX-License-Identifier: MIT
// The commands of GRUB's scripts.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "builder/inspect/grub_runner.hpp"
#include "builder/inspect/limits.hpp"
#include "builder/inspect/path_lookup.hpp"

namespace lktest {

Truth GrubRunner::run_function(const Function& function, const std::vector<GrubArgument>& words) {
    ++depth_;
    for (std::size_t i = 1; i < std::min<std::size_t>(words.size(), 10); ++i)
        state_.variables.set(std::to_string(i),
                             words[i].certain ? std::optional(words[i].text) : std::nullopt);
    const std::size_t before = std::exchange(config_, function.config);
    const Truth value = run_block(*function.body);
    config_ = before;
    const bool returned = state_.flow == GrubState::Flow::returned;
    if (returned)
        state_.flow = GrubState::Flow::running;
    --depth_;
    return returned ? Truth::unknown : value;
}

void GrubRunner::forget_results(const std::vector<GrubArgument>& words) {
    for (std::size_t i = 1; i < words.size(); ++i) {
        std::string name;
        if (words[i].text.starts_with("--set="))
            name = words[i].text.substr(6);
        else if ((words[i].text == "--set" || words[i].text == "-s") && i + 1 < words.size())
            name = words[i + 1].text;
        if (const std::size_t colon = name.find(':'); colon != std::string::npos)
            name.erase(0, colon + 1);
        if (!name.empty())
            state_.variables.set(name, std::nullopt);
    }
    if (words[0].text == "read" && words.size() > 1)
        state_.variables.set(words[1].text, std::nullopt);
}

Truth GrubRunner::run_test(const std::vector<GrubArgument>& words) {
    std::vector<GrubArgument> arguments(words.begin() + 1, words.end());
    if (words[0].text == "[" && !arguments.empty() && arguments.back().text == "]")
        arguments.pop_back();
    return evaluate_test(arguments,
                         [this](const GrubArgument& path, char kind) { return file_truth(path, kind); });
}

Truth GrubRunner::file_truth(const GrubArgument& path, char kind) {
    if (!path.certain)
        return Truth::unknown;
    const auto [where, rest] = split(path.text);
    if (where.kind == Device::Kind::memdisk)
        return Truth::unknown;
    if (where.kind != Device::Kind::volume)
        return Truth::unknown;
    const bool directory = volumes_.is_directory(where.volume, rest);
    const auto file = volumes_.find(where.volume, rest);
    bool there = kind == 'd' ? directory : kind == 'e' ? directory || file : file.has_value();
    if (kind == 's')
        there = file && file->content.size() > 0;
    return there ? Truth::yes : Truth::no;
}

Truth GrubRunner::run_set(const std::vector<GrubArgument>& words) {
    const GrubArgument& word = words[0].text == "set" && words.size() > 1 ? words[1] : words[0];
    const std::size_t equals = word.text.find('=');
    if (equals == std::string::npos || equals == 0)
        return Truth::yes;
    const std::string name = word.text.substr(0, equals);
    std::string value = word.text.substr(equals + 1);
    if (name == "root") {
        state_.suspect.reset();
        if (value.starts_with("(") && value.ends_with(")"))
            value = value.substr(1, value.size() - 2);
    }
    state_.variables.set(name, word.certain ? std::optional(value) : std::nullopt);
    return Truth::yes;
}

Truth GrubRunner::run_linux(const std::vector<GrubArgument>& words) {
    if (words[0].text == "linuxefi")
        outcome_.configs[config_].efi_commands.push_back(line_);
    judge_loader_command(words[0].text);
    linux_line_ = line_;
    if (const std::size_t before = std::exchange(initrd_before_, 0))
        add_fault(
            {"grub-initrd-before-linux", before,
             "the entry has initrd before linux: GRUB prints \"you need to load the kernel first\", and the "
             "kernel starts without an initramfs.",
             "Put the linux command before initrd."});
    std::size_t first = 1;
    while (first < words.size() && words[first].text.starts_with("--"))
        ++first;
    if (first >= words.size())
        return Truth::no;
    GrubLoad load;
    GrubArgument kernel = words[first];
    if (entry_ && starts_the_searched_disk(words)) {
        entry_->elsewhere = true;
        kernel.certain = false;
    }
    load.kernel = look(kernel, words[0].text, line_);
    load.said.title = entry_ ? entry_->title : "";
    load.said.kernel = load.kernel.named;
    for (std::size_t i = first + 1; i < words.size(); ++i) {
        const bool quote = words[i].text.find_first_of(" \t") != std::string::npos;
        append_words(load.said, quote ? "\"" + words[i].text + "\"" : words[i].text);
        load.said.certain &= words[i].certain;
    }
    state_.loads = {std::move(load)};
    return Truth::unknown;
}

Truth GrubRunner::run_initrd(const std::vector<GrubArgument>& words) {
    if (words[0].text == "initrdefi")
        outcome_.configs[config_].efi_commands.push_back(line_);
    judge_loader_command(words[0].text);
    if (entry_ && state_.loads.empty())
        initrd_before_ = line_;
    for (std::size_t i = 1; i < words.size(); ++i) {
        std::string text = words[i].text;
        if (text.starts_with("newc:"))  // "newc:NAME:FILE"
            text.erase(0, std::min(text.find(':', 5) + 1, text.size()));
        if (text.starts_with("--"))
            continue;
        const GrubFile file = look({text, words[i].certain}, words[0].text, line_);
        for (GrubLoad& load : state_.loads)
            if (load.initrds.size() < initrd_limit) {
                load.initrds.push_back(file);
                load.said.initrds.push_back(file.named);
            }
    }
    return Truth::unknown;
}

Truth GrubRunner::run_program(const std::vector<GrubArgument>& words) {
    if (entry_ && words[0].text != "devicetree")
        entry_->starts = true;
    std::size_t first = 1;
    while (first < words.size() && words[first].text.starts_with("-"))
        ++first;
    if (first >= words.size() || words[first].text.find('+') == 0 ||
        words[first].text.find(")+") != std::string::npos)
        return Truth::unknown;
    GrubFile file = look(words[first], words[0].text, line_);
    if (entry_ && entry_->files.size() < grub_list_limit)
        entry_->files.push_back(std::move(file));
    else if (!entry_)
        outcome_.opaque = true;
    return Truth::unknown;
}

Truth GrubRunner::run_config_command(const std::vector<GrubArgument>& words) {
    if (words[0].text == "normal" && words.size() < 2) {
        start_normal();
        return Truth::unknown;
    }
    if (words.size() < 2)
        return Truth::no;
    GrubFile file = look(words[1], words[0].text, line_);
    const bool own_menu = words[0].text == "configfile" || words[0].text == "normal";
    if (!file.found.empty()) {
        if (entry_) {
            entry_->starts |= own_menu;
            if (own_menu)
                return run_config_of_entry(file);
        }
        run_file(file, own_menu);
        return Truth::yes;
    }
    const bool certain = file.named.certain;
    if (!certain) {
        outcome_.opaque |= !entry_;
        if (entry_)
            entry_->starts = true;
    } else if (entry_) {
        entry_->starts |= own_menu;
        if (own_menu && entry_->files.size() < grub_list_limit)
            entry_->files.push_back(std::move(file));
    } else if (outcome_.missing.size() < grub_list_limit) {
        outcome_.missing.push_back(std::move(file));
    }
    return certain ? Truth::no : Truth::unknown;
}

Truth GrubRunner::run_config_of_entry(const GrubFile& file) {
    const bool read = std::ranges::any_of(outcome_.configs, [&](const GrubConfigRead& config) {
        return file.volume && config.volume == *file.volume && config.path == file.found;
    });
    if (!read) {  // "back to the main menu" is not run again
        GrubEntry* const outer = std::exchange(entry_, nullptr);
        run_file(file, true);
        entry_ = outer;
    }
    state_.flow = GrubState::Flow::left;
    return Truth::yes;
}

}  // namespace lktest
