// SPDX-License-Identifier: MIT
#include "harness/box/settings.hpp"

#include <charconv>

namespace lktest {
namespace {

/// Calls `use` with the name and the address of each setting.
template <typename Settings, typename Use>
void each_text(Settings& settings, Use use) {
    use("program", settings.program);
    use("sealed", settings.sealed);
    use("root", settings.root);
    use("state", settings.state);
}

template <typename Settings, typename Use>
void each_list(Settings& settings, Use use) {
    use("shown", settings.shown);
    use("owned", settings.owned);
    use("device", settings.devices);
}

bool read_id(std::string_view text, unsigned& id) {
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), id);
    return fault == std::errc() && end == text.data() + text.size() && id != static_cast<unsigned>(-1);
}

}  // namespace

std::string box_text(const BoxSettings& settings) {
    std::string text;
    const auto add = [&text](std::string_view name, std::string_view value) {
        text.append(name).append(" ").append(value).append("\n");
    };
    each_text(settings, [&](std::string_view name, const std::string& value) {
        if (!value.empty())
            add(name, value);
    });
    each_list(settings, [&](std::string_view name, const std::vector<std::string>& values) {
        for (const std::string& value : values)
            add(name, value);
    });
    add("uid", std::to_string(settings.uid));
    add("gid", std::to_string(settings.gid));
    for (const gid_t group : settings.groups)
        add("group", std::to_string(group));
    add("namespaces", settings.namespaces ? "1" : "0");
    return text;
}

std::optional<BoxSettings> read_box_text(std::string_view text) {
    BoxSettings settings;
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        if (line.size() == text.size())
            return std::nullopt;  // truncated
        text.remove_prefix(line.size() + 1);
        const std::size_t blank = line.find(' ');
        if (blank == line.npos)
            return std::nullopt;
        const std::string_view name = line.substr(0, blank), value = line.substr(blank + 1);
        bool known = false;
        unsigned id = 0;
        each_text(settings, [&](std::string_view key, std::string& place) {
            if (key == name)
                place = value, known = true;
        });
        each_list(settings, [&](std::string_view key, std::vector<std::string>& place) {
            if (key == name)
                place.emplace_back(value), known = true;
        });
        if (name == "namespaces" && (value == "0" || value == "1")) {
            settings.namespaces = value == "1";
            known = true;
        }
        if ((name == "uid" || name == "gid" || name == "group") && read_id(value, id)) {
            known = true;
            if (name == "uid")
                settings.uid = id;
            else if (name == "gid")
                settings.gid = id;
            else
                settings.groups.push_back(id);
        }
        if (!known)
            return std::nullopt;
    }
    if (settings.program.empty())
        return std::nullopt;
    return settings;
}

std::vector<std::string> paths_below(std::string_view directory, std::string_view argument) {
    std::vector<std::string> paths;
    const std::string prefix = std::string(directory) + "/";
    if (directory.empty())
        return paths;
    for (std::size_t at = argument.find(prefix); at != argument.npos; at = argument.find(prefix, at + 1)) {
        const std::string_view path = argument.substr(at, argument.find_first_of("\",", at) - at);
        if (path.find("/../") == path.npos && !path.ends_with("/.."))
            paths.emplace_back(path);
    }
    return paths;
}

}  // namespace lktest
