// SPDX-License-Identifier: MIT
// The devices of GRUB's scripts, the files on them, and searches for them.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "builder/inspect/grub_runner.hpp"
#include "builder/inspect/limits.hpp"
#include "builder/inspect/path_lookup.hpp"

namespace lktest {

std::string GrubRunner::device_name(std::size_t volume) {
    return volume == Volumes::iso ? "cd0" : fmt::format("esp{}", volume);
}

GrubRunner::Device GrubRunner::device(std::string_view name) const {
    if (name == "cd" || name == "cd0")
        return {Device::Kind::volume, Volumes::iso};
    for (std::size_t volume = 1; volume < volumes_.count(); ++volume)
        if (name == device_name(volume))
            return {Device::Kind::volume, volume};
    if (name == memdisk_name)
        return {Device::Kind::memdisk, 0};
    if (name.empty() || name.starts_with("loop") || name.starts_with("cd"))
        return {};
    return {Device::Kind::elsewhere, 0};
}

std::pair<GrubRunner::Device, std::string> GrubRunner::split(const std::string& text) const {
    if (text.starts_with('(')) {
        const std::size_t close = text.find(')');
        if (close == std::string::npos)
            return {};
        return {device(std::string_view(text).substr(1, close - 1)), text.substr(close + 1)};
    }
    const auto root = state_.variables.get("root");
    return {root ? device(*root) : Device{}, text};
}

GrubFile GrubRunner::look(const GrubArgument& argument, const std::string& command, std::size_t line) {
    const auto [where, path] = split(argument.text);
    GrubFile file{{path, line, argument.certain && path.starts_with('/')}, command, config_, {}, {}};
    const bool is_root = !argument.text.starts_with('(') || argument.text.starts_with("(elsewhere)");
    if (!file.named.certain) {
        const bool loads = command.starts_with("linux") || command.starts_with("initrd");
        if (loads && argument.certain && where.kind == Device::Kind::volume && !path.empty() &&
            path.find_first_not_of("0123456789+,") != path.npos && !path.starts_with('/'))
            add_fault(
                {"grub-relative-path", line,
                 fmt::format("'{}' does not begin with '/': GRUB says \"invalid file name\" and does not "
                             "load it.",
                             path),
                 fmt::format("Write /{}.", path)});
        return file;
    }
    switch (where.kind) {
        case Device::Kind::volume: find_in(where.volume, file); break;
        case Device::Kind::memdisk:
            if (start_.memdisk.contains(lower_case(normal_path(path))))
                file.found = lower_case(normal_path(path));
            else
                file.named.certain = false;
            break;
        case Device::Kind::elsewhere:
            if (is_root && state_.suspect && find_suspected(file))
                break;
            file.named.certain = false;
            file.disk = disk_of(argument.text);
            if (entry_)
                entry_->elsewhere = true;
            break;
        case Device::Kind::unknown: file.named.certain = false; break;
    }
    return file;
}

std::string GrubRunner::disk_of(std::string_view text) const {
    const auto root = state_.variables.get("root");
    const std::string device =
        text.starts_with('(') ? std::string(text.substr(1, text.find(')') - 1)) : root.value_or("");
    return device.size() > 2 && device.starts_with("hd") && device[2] >= '0' && device[2] <= '9' ? device
                                                                                                 : "";
}

void GrubRunner::find_in(std::size_t volume, GrubFile& file) const {
    file.volume = volume;
    if (const auto found = volumes_.find(volume, file.named.path)) {
        file.found = found->path;
        return;
    }
    // A GRUB started from a CD also uses that device for its El Torito image.
    if (start_.root == volume && volume == Volumes::iso)
        if (const auto found = volumes_.find_anywhere(file.named.path)) {
            file.volume = found->volume;
            file.found = found->path;
        }
}

bool GrubRunner::find_suspected(GrubFile& file) {
    const auto found = volumes_.find_anywhere(file.named.path);
    if (!found)
        return false;
    file.volume = found->volume;
    file.found = found->path;
    auto& searches = outcome_.configs[state_.suspect->config].searches;
    const LabelUse& use = state_.suspect->use;
    if (searches.size() < grub_list_limit && std::ranges::none_of(searches, [&](const LabelUse& known) {
            return known.line == use.line && known.label == use.label;
        }))
        searches.push_back(use);
    return true;
}

bool GrubRunner::starts_the_searched_disk(const std::vector<GrubArgument>& words) const {
    return state_.suspect && std::ranges::any_of(words, [&](const GrubArgument& word) {
               return word.text == "root=LABEL=" + state_.suspect->use.label ||
                      word.text == "root=UUID=" + state_.suspect->use.label;
           });
}

std::optional<GrubRunner::Search> GrubRunner::read_search(const std::vector<GrubArgument>& words) {
    Search search;
    const std::string& verb = words[0].text;
    if (verb != "search") {  // "search.fs_uuid UUID VARIABLE HINTS"
        search.by = verb == "search.fs_label" ? Search::By::label
                    : verb == "search.file"   ? Search::By::file
                                              : Search::By::uuid;
        if (words.size() < 2)
            return std::nullopt;
        search.what = words[1];
        search.variable = words.size() > 2 ? words[2].text : "root";
        return search;
    }
    bool named = false;
    for (std::size_t i = 1; i < words.size(); ++i) {
        const std::string& text = words[i].text;
        if (is_any(text, {"-l", "--label", "--fs-label"}))
            search.by = Search::By::label;
        else if (is_any(text, {"-u", "--fs-uuid"}))
            search.by = Search::By::uuid;
        else if (is_any(text, {"-f", "--file", "--fs-file"}))
            search.by = Search::By::file;
        else if (text.starts_with("--set="))
            search.variable = text.substr(6);
        else if (text == "--set" || text == "-s")
            search.variable = "root";
        else if (text == "--hint" || text == "-h")
            ++i;
        else if (!text.starts_with("-")) {
            search.what = words[i];  // the last word that is not an option: "-s root -l LIVE"
            named = true;
        }
    }
    return named ? std::optional(search) : std::nullopt;
}

std::optional<std::size_t> GrubRunner::find_volume(const Search& search) const {
    for (std::size_t volume = 0; volume < volumes_.count(); ++volume) {
        const std::string& text = search.what.text;
        const bool found = search.by == Search::By::file ? volumes_.exists(volume, text)
                           : search.by == Search::By::label
                               ? volumes_.label(volume) == text
                               : lower_case(volumes_.uuid(volume)) == lower_case(text);
        if (found && !text.empty())
            return volume;
    }
    return std::nullopt;
}

Truth GrubRunner::run_search(const std::vector<GrubArgument>& words) {
    const auto search = read_search(words);
    if (!search)
        return Truth::no;
    if (!search->what.certain) {
        if (!search->variable.empty())
            state_.variables.set(search->variable, std::nullopt);
        return Truth::unknown;
    }
    if (const auto volume = find_volume(*search)) {
        if (!search->variable.empty())
            state_.variables.set(search->variable, device_name(*volume));
        if (search->variable == "root")
            state_.suspect.reset();
        return Truth::yes;
    }
    if (search->by == Search::By::file) {
        if (outcome_.configs[config_].file_searches.size() < grub_list_limit)
            outcome_.configs[config_].file_searches.push_back({search->what.text, line_, true});
        return Truth::no;
    }
    if (!search->variable.empty()) {
        const std::string how = search->by == Search::By::label ? "label" : "fs-uuid";
        LabelUse use{search->what.text, fmt::format("search --{} {}", how, search->what.text), line_};
        if (search->by == Search::By::uuid)
            use.by = LabelUse::By::uuid;
        state_.suspect = GrubSuspect{std::move(use), config_, state_.variables.get(search->variable)};
        state_.variables.set(search->variable, std::string(elsewhere_name));
    }
    return Truth::no;
}

Truth GrubRunner::run_probe(const std::vector<GrubArgument>& words) {
    forget_results(words);
    std::string variable;
    std::optional<std::string> value;
    for (std::size_t i = 1; i < words.size(); ++i)
        if (words[i].text.starts_with("--set="))
            variable = words[i].text.substr(6);
        else if ((words[i].text == "--set" || words[i].text == "-s") && i + 1 < words.size())
            variable = words[++i].text;
    if (!words.back().certain || variable.empty())
        return Truth::unknown;
    std::string name = words.back().text;
    if (name.starts_with("(") && name.ends_with(")"))
        name = name.substr(1, name.size() - 2);
    const Device where = device(name);
    if (where.kind != Device::Kind::volume)
        return Truth::unknown;
    for (const GrubArgument& word : words)
        if (is_any(word.text, {"-u", "--fs-uuid"}))
            value = volumes_.uuid(where.volume);
        else if (is_any(word.text, {"-l", "--label"}))
            value = volumes_.label(where.volume);
    state_.variables.set(variable, value && !value->empty() ? value : std::nullopt);
    return Truth::yes;
}

}  // namespace lktest
